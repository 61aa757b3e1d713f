// How things stand once the moves that are under way have ended: what counts for plans, seats and growth alike.
import type { CommunitySpec } from '../../api/objects.ts'
import type { MovesFacts, OpenMove } from './facts.ts'

const AFTER_SWITCH: ReadonlySet<string> = new Set(['switched', 'activated'])

export const isUndoing = ({ step }: OpenMove): boolean => step === 'undoing'
/** Before its switch a move can still be given up. */
export const canBeUndone = (move: OpenMove): boolean => !isUndoing(move) && !AFTER_SWITCH.has(move.step)

/** The instance that has a seat back when the move ends. */
const leaves = (move: OpenMove): number => (isUndoing(move) ? move.target : move.source)

export type Room = {
  readonly ordinal: number
  readonly state: 'Opening' | 'Active' | 'Draining' | 'Retired'
  /** Seats, no more than wished for. */
  readonly cap: number
  /** Seats that are taken when all that is under way has ended. */
  readonly taken: number
}

export const roomsOf = (
  { instances, open }: Pick<MovesFacts, 'instances' | 'open'>,
  { perInstance }: Pick<CommunitySpec['seats'], 'perInstance'>,
): Room[] =>
  instances.map(({ ordinal, state, cap, taken }) => ({
    ordinal,
    state,
    cap: Math.min(cap, perInstance),
    taken: taken - open.filter((move) => leaves(move) === ordinal).length,
  }))

/** Seats of every instance that stay free, of `perInstance`. */
export const headroomOf = ({ seats, rebalance }: Pick<CommunitySpec, 'seats' | 'rebalance'>): number =>
  Math.floor((seats.perInstance * rebalance.headroomPercent) / 100)
