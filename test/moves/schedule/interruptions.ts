// What comes between while somebody is moved, and where, by chance.
import type { FaultKind } from '../../postgres/faults.ts'
import type { Random } from '../random.ts'
import type { Interruption, Op } from './acts.ts'

/** Calls in the order of a move. */
const VERBS = [
  'stage',
  'subscribe',
  'copy',
  'page',
  'catch-up',
  'delta',
  'quiesce',
  'compare',
  'freeze',
  'seal',
  'activate',
  'demote',
  'tidy',
] as const
/** About as many statements as a move makes. */
export const STATEMENTS = 420
const FAULTS: readonly FaultKind[] = ['crash-before', 'crash-after', 'lost-before', 'lost-after']

export function interruptions(random: Random, op: () => Op): Interruption[] {
  const all = Array.from(
    { length: 1 + random.below(5) },
    (): Interruption => ({
      at: random.chance(0.6)
        ? { statement: 1 + random.below(STATEMENTS) }
        : { call: random.pick(VERBS), when: random.pick(['before', 'after'] as const) },
      ops: Array.from({ length: 1 + random.below(2) }, op),
    }),
  )
  if (random.chance(0.5)) {
    const last = all.length - 1
    const chosen = all[last]
    if (chosen) all[last] = { ...chosen, fault: random.pick(FAULTS) }
  }
  return all
}
