// What becomes of moves: those that were switched can only finish, and what was not is undone.
import { isSameStay } from '../../instance/directory/incarnation.ts'
import type { HomeReport, LocalMove, OldMove } from './facts.ts'
import type { RebuiltMember } from './members.ts'

export type RebuiltMove = Omit<OldMove, 'step'> & {
  readonly step: 'switched' | 'activated' | 'done' | 'undoing' | 'undone'
  /** Undefined: it was in the directory, or nobody knows. */
  readonly createdAt: string | undefined
  readonly changedAt: string | undefined
}

type Sides = { old?: OldMove; source?: LocalMove; target?: LocalMove; sourceAt?: number; targetAt?: number }

/** Moves to write: those that are over in the directory already are not among them. */
export function rebuildMoves(
  old: readonly OldMove[],
  reports: readonly HomeReport[],
  members: readonly RebuiltMember[],
): RebuiltMove[] {
  const homes = new Map(members.map((member) => [member.id, member]))
  const all = new Map<string, Sides>()
  const of = (id: string): Sides => {
    const sides = all.get(id) ?? {}
    all.set(id, sides)
    return sides
  }
  for (const move of old) of(move.id).old = move
  for (const { ordinal, moves } of reports)
    for (const move of moves) {
      const sides = of(move.id)
      sides[move.side] = move
      sides[move.side === 'source' ? 'sourceAt' : 'targetAt'] = ordinal
    }
  const open = new Set<string>()
  return [...all]
    .sort(([a], [b]) => (BigInt(a) < BigInt(b) ? 1 : -1))
    .flatMap(([id, sides]) => {
      const move = rebuildMove(id, sides, homes)
      if (!move) return []
      if (move.step === 'done' || move.step === 'undone') return [move]
      // Nobody can be on two ways: what is older was ended before the newer one began.
      const over = open.has(move.member)
      open.add(move.member)
      if (!over) return [move]
      return [{ ...move, step: move.step === 'undoing' ? ('undone' as const) : ('done' as const) }]
    })
}

/** What only happens after the switch. Whoever was thawed is to wait by another move, or by a switch that was lost before. */
export const hasLeft = ({ side, state, left }: LocalMove): boolean =>
  side === 'source' && (state === 'demoted' || (left && state !== 'undone'))

const AT_REST: ReadonlySet<string | undefined> = new Set([undefined, 'undone'])

function rebuildMove(
  id: string,
  { old, source, target, sourceAt, targetAt }: Sides,
  homes: ReadonlyMap<string, RebuiltMember>,
): RebuiltMove | undefined {
  if (old?.step === 'done' || old?.step === 'undone') return undefined
  const either = source ?? target
  const member = old?.member ?? either?.member
  const from = old?.source ?? sourceAt ?? target?.other
  const to = old?.target ?? targetAt ?? source?.other
  if (member === undefined || from === undefined || to === undefined || from < 1 || to < 1) return undefined
  const home = homes.get(member)
  if (!home) return undefined
  const move = {
    id,
    member,
    source: from,
    target: to,
    epoch: old?.epoch ?? either?.epoch ?? 1,
    // Whoever drove it is fenced off everywhere.
    attempt: 1 + Math.max(old?.attempt ?? 0, source?.attempt ?? 0, target?.attempt ?? 0),
    createdAt: either?.createdAt,
    changedAt: either?.changedAt,
  }
  const current = home.home === to && isSameStay(home.epoch, move.epoch + 1)
  const decided = old?.step === 'switched' || old?.step === 'activated' || current
  if (decided || (source && hasLeft(source)) || target?.state === 'active') {
    // A target that gave its copy back has none to bring to life: the member comes from what the source keeps of them.
    const ended =
      target?.state === 'undone' ||
      (target?.state !== 'sealed' && (source === undefined || source.state === 'demoted'))
    const step = target?.state === 'active' ? 'activated' : 'switched'
    return { ...move, step: ended || !current ? 'done' : step }
  }
  return { ...move, step: AT_REST.has(source?.state) && AT_REST.has(target?.state) ? 'undone' : 'undoing' }
}
