// How things stand once the moves that are under way have ended: what counts for plans, seats and growth alike.
import type { CommunitySpec } from '../../api/objects.ts'
import { isLong } from '../../rebalance/drive/patience.ts'
import type { MovesFacts, OpenMove } from './facts.ts'

const AFTER_SWITCH: ReadonlySet<string> = new Set(['switched', 'activated'])

export const isUndoing = ({ step }: OpenMove): boolean => step === 'undoing'
/** Before its switch a move can still be given up. */
export const canBeUndone = (move: OpenMove): boolean => !isUndoing(move) && !AFTER_SWITCH.has(move.step)

/**
 * It can only end where it is, and its home has not done its part for long: it is a load for nobody, and others do not wait
 * for it. One that can still be undone is given up by its driver.
 */
export const isStuck = (move: OpenMove, now: number): boolean =>
  !canBeUndone(move) && move.trouble != null && isLong(move.trouble, now)

/** The instance that has a seat back when the move ends. */
const leaves = (move: OpenMove): number => (isUndoing(move) ? move.target : move.source)

export type Room = {
  readonly ordinal: number
  readonly state: 'Opening' | 'Active' | 'Draining' | 'Retired'
  /** Seats, no more than wished for. */
  readonly cap: number
  /** Seats that are taken when all that is under way has ended. What is stuck holds its seat for nobody knows how long. */
  readonly taken: number
}

export const roomsOf = (
  { instances, open, now }: Pick<MovesFacts, 'instances' | 'open' | 'now'>,
  { perInstance }: Pick<CommunitySpec['seats'], 'perInstance'>,
): Room[] =>
  instances.map(({ ordinal, state, cap, taken }) => ({
    ordinal,
    state,
    cap: Math.min(cap, perInstance),
    taken: taken - open.filter((move) => leaves(move) === ordinal && !isStuck(move, now)).length,
  }))

/** Seats of every instance that stay free, of `perInstance`. */
export const headroomOf = ({ seats, rebalance }: Pick<CommunitySpec, 'seats' | 'rebalance'>): number =>
  Math.floor((seats.perInstance * rebalance.headroomPercent) / 100)
