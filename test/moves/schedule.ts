// What happens, in which order, and what goes wrong: chosen by a seed, small, and the same for the same seed.
import type { FaultKind } from '../postgres/faults.ts'
import { type Random, seeded } from './random.ts'
import { ALL_TALES, type Tale } from './run/strangers.ts'
import { HANDLES, type Handle, type Start } from './world/fixture.ts'

/** One thing that somebody does. Members ask at any pod. */
export type Op =
  | {
      readonly do: 'write'
      readonly who: Handle
      readonly text: string
      readonly visibility: 'public' | 'followers'
      readonly answers?: string
    }
  /** The same form again, because the browser got no answer. */
  | { readonly do: 'write-again'; readonly who: Handle; readonly nth: number }
  | { readonly do: 'delete' | 'edit'; readonly who: Handle; readonly nth: number }
  | { readonly do: 'follow' | 'unfollow'; readonly who: Handle; readonly whom: Handle }
  | { readonly do: 'like' | 'unlike' | 'boost' | 'unboost'; readonly who: Handle; readonly nth: number }
  | { readonly do: 'log-in'; readonly who: Handle }
  /** Something of a stranger's comes in, once more or for the first time, at one pod. */
  | { readonly do: 'arrive'; readonly pod: number; readonly nth: number }
  | { readonly do: 'look'; readonly pod: number; readonly who: Handle }
  /** The background workers of one instance do a round. */
  | { readonly do: 'spool' | 'intake' | 'deliver' | 'tend' | 'refresh'; readonly pod: number }
  /** Ten seconds are over for whoever is frozen there. */
  | { readonly do: 'thaw'; readonly pod: number }
  | { readonly do: 'restart' | 'die'; readonly pod: number }
  | { readonly do: 'directory-down' | 'directory-up' }
  /** Another driver takes the move up, or undoes it, while the first is held. */
  | { readonly do: 'drive-too' | 'abandon' }
  /** A call that was made before comes once more. */
  | { readonly do: 'late-call'; readonly nth: number }

export type Place =
  | { readonly statement: number }
  | { readonly call: string; readonly when: 'before' | 'after' }

export type Interruption = {
  readonly at: Place
  /** The driver and the instances are held while these are begun. */
  readonly ops: readonly Op[]
  readonly fault?: FaultKind
}

export type Act =
  | Op
  | {
      readonly do: 'move'
      readonly who: Handle
      readonly target: number
      readonly interruptions: readonly Interruption[]
    }

export type Schedule = {
  readonly seed: number
  readonly start: Start
  /** What strangers do. */
  readonly tales: readonly Tale[]
  readonly acts: readonly Act[]
}

/** Calls in the order of a move. */
export const VERBS = [
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
const STATEMENTS = 420
const FAULTS: readonly FaultKind[] = ['crash-before', 'crash-after', 'lost-before', 'lost-after']

export function makeSchedule(seed: number, homes = 3): Schedule {
  const random = seeded(seed)
  const home = () => 1 + random.below(homes)
  const start: Start = {
    homes: { ana: home(), ben: home(), cem: home() },
    follows: HANDLES.flatMap((a) =>
      HANDLES.filter((b) => a !== b && random.chance(0.5)).map((b): [Handle, Handle] => [a, b]),
    ),
  }
  const tales = random.shuffle(ALL_TALES).slice(0, 1 + random.below(3))
  const moves = random.chance(0.7) ? 1 : 2
  let texts = 0
  const op = () => someOp(random, homes, () => `${seed}-${++texts}`)
  const acts: Act[] = []
  for (let n = 0; n < moves; n++) {
    for (let before = random.below(3); before > 0; before--) acts.push(op())
    acts.push({
      do: 'move',
      who: random.pick(HANDLES),
      target: home(),
      interruptions: interruptions(random, op),
    })
    if (random.chance(0.3)) acts.push(op())
  }
  return { seed, start, tales, acts }
}

function interruptions(random: Random, op: () => Op): Interruption[] {
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

function someOp(random: Random, homes: number, text: () => string): Op {
  const who = random.pick(HANDLES)
  const pod = 1 + random.below(homes)
  const nth = random.below(8)
  const roll = random.next()
  if (roll < 0.22) {
    const answers = random.chance(0.25) ? { answers: random.pick(HANDLES) } : {}
    return {
      do: 'write',
      who,
      text: text(),
      visibility: random.chance(0.8) ? 'public' : 'followers',
      ...answers,
    }
  }
  if (roll < 0.28) return { do: 'write-again', who, nth }
  if (roll < 0.38) return { do: random.chance(0.4) ? 'edit' : 'delete', who, nth }
  if (roll < 0.5) {
    const whom = random.pick(HANDLES.filter((other) => other !== who))
    return { do: random.chance(0.5) ? 'follow' : 'unfollow', who, whom }
  }
  if (roll < 0.6)
    return { do: random.pick(['like', 'like', 'unlike', 'boost', 'unboost'] as const), who, nth }
  if (roll < 0.62) return { do: 'log-in', who }
  if (roll < 0.72) return { do: 'arrive', pod, nth: random.below(16) }
  if (roll < 0.76) return { do: 'look', pod, who }
  if (roll < 0.9)
    return { do: random.pick(['spool', 'intake', 'intake', 'deliver', 'tend', 'refresh'] as const), pod }
  if (roll < 0.92) return { do: 'thaw', pod }
  if (roll < 0.94) return { do: random.pick(['restart', 'die'] as const), pod }
  if (roll < 0.96) return { do: random.pick(['directory-down', 'directory-up'] as const) }
  if (roll < 0.98) return { do: random.pick(['drive-too', 'drive-too', 'abandon'] as const) }
  return { do: 'late-call', nth: random.below(12) }
}
