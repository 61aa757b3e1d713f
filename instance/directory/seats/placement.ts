// Which home a newcomer gets.
import type { InstanceInfo } from '../homes.ts'

export type Acquaintances = {
  /** Home of the member who invited them. */
  readonly inviterHome?: number | undefined
  /** Homes of the members they mean to follow, one entry a member. */
  readonly followHomes?: readonly number[]
}

/** Only Active instances give seats, and only below their cap. */
export function hasRoom(instance: Pick<InstanceInfo, 'state' | 'cap' | 'taken'>): boolean {
  return instance.state === 'Active' && instance.taken < instance.cap
}

/**
 * How many members have to move and have no seat elsewhere yet: those whom an instance has beyond `perInstance`, and all of
 * one that is being emptied. `leaving`: of each instance, the seats that moves under way will give back.
 */
export function membersToMove(
  instances: readonly Pick<InstanceInfo, 'ordinal' | 'state' | 'taken'>[],
  perInstance: number,
  leaving: ReadonlyMap<number, number>,
): number {
  const most = { Active: perInstance, Draining: 0, Opening: Number.POSITIVE_INFINITY, Retired: 0 }
  return instances
    .map(({ ordinal, state, taken }) => Math.max(0, taken - (leaving.get(ordinal) ?? 0) - most[state]))
    .reduce((sum, many) => sum + many, 0)
}

/** Seats that may be taken, no more of an instance than `perInstance`. */
export const freeSeats = (
  instances: readonly Pick<InstanceInfo, 'state' | 'cap' | 'taken'>[],
  perInstance: number,
): number =>
  instances
    .filter(hasRoom)
    .reduce((sum, { cap, taken }) => sum + Math.max(0, Math.min(cap, perInstance) - taken), 0)

/**
 * The inviter's home if it has room, else the one with most of the people they will follow, else the fullest:
 * friends live together, and instances fill one after the other. Undefined when every seat is taken.
 */
export function place(
  instances: readonly InstanceInfo[],
  { inviterHome, followHomes = [] }: Acquaintances,
): number | undefined {
  const open = instances.filter(hasRoom)
  const withInviter = open.find((instance) => instance.ordinal === inviterHome)
  if (withInviter) return withInviter.ordinal
  const known = (ordinal: number) => followHomes.filter((home) => home === ordinal).length
  const free = (instance: InstanceInfo) => instance.cap - instance.taken
  const best = open.toSorted(
    (a, b) => known(b.ordinal) - known(a.ordinal) || free(a) - free(b) || a.ordinal - b.ordinal,
  )[0]
  return best?.ordinal
}
