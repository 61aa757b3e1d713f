// When another instance is opened: before the last seat is taken, never faster than wished, never on a guess.
import type { CommunitySpec } from '../../api/objects.ts'
import type { DirectoryInstance } from '../snapshot.ts'

export type GrowthFacts = {
  readonly seats: CommunitySpec['seats']
  /** Rows of the directory. */
  readonly instances: readonly DirectoryInstance[]
  /** Instances that exist but have no row yet: their seats are on the way. */
  readonly coming: number
  readonly waiting: number
  /** Members who have to move to another instance. */
  readonly overflow: number
}

export type Growth =
  | { readonly grow: true; readonly why: 'FirstInstance' | 'FewSeatsFree' | 'PeopleWait' | 'MembersMove' }
  | { readonly grow: false; readonly why: 'EnoughSeats' | 'MaxInstancesReached' }
  /** Milliseconds until another may be opened. */
  | { readonly grow: false; readonly why: 'WaitingBetweenInstances'; readonly forMs: number }

export const freeSeats = (instances: readonly DirectoryInstance[], states: readonly string[]): number =>
  instances
    .filter(({ state }) => states.includes(state))
    .reduce((sum, { cap, taken }) => sum + Math.max(0, cap - taken), 0)

/** As it is once the moves that are under way have ended: who moves has two seats until then. */
export const settled = (instances: readonly DirectoryInstance[]): DirectoryInstance[] =>
  instances.map((row) => ({ ...row, taken: row.taken - row.leaving, leaving: 0 }))

/**
 * Seats that stay free when everybody who waits or has to move has one. By the cap that is wished for: one that is being
 * raised brings its seats without another instance.
 */
export function spareSeats({ seats, instances, coming, waiting, overflow }: GrowthFacts): number {
  const wished = settled(instances).map((row) => ({ ...row, cap: seats.perInstance }))
  return freeSeats(wished, ['Active', 'Opening']) + coming * seats.perInstance - waiting - overflow
}

/** Pure. `now` in milliseconds since 1970. */
export function decideGrowth(
  { seats, instances, coming, waiting, overflow }: GrowthFacts,
  now: number,
): Growth {
  const open = instances.filter(({ state }) => state !== 'Retired')
  const count = open.length + coming
  if (count === 0) return { grow: true, why: 'FirstInstance' }
  const needed = waiting + overflow
  const spare = spareSeats({ seats, instances, coming, waiting, overflow })
  const free = spare + needed
  if (spare >= seats.minFree) return { grow: false, why: 'EnoughSeats' }
  if (count >= seats.maxInstances) return { grow: false, why: 'MaxInstancesReached' }
  // One that is on its way shows first what it brings, unless it is plainly not enough.
  const starting = coming + open.filter(({ state }) => state === 'Opening').length
  if (starting > 0 && free >= needed && free > 0) return { grow: false, why: 'EnoughSeats' }
  // The first instance is the community's beginning, not its growth: nobody waits for the second because of it.
  const last = count > 1 ? Math.max(0, ...open.map(({ createdAt }) => createdAt)) : 0
  const next = last + seats.minutesBetweenInstances * 60_000
  if (next > now) return { grow: false, why: 'WaitingBetweenInstances', forMs: next - now }
  return { grow: true, why: waiting > 0 ? 'PeopleWait' : overflow > 0 ? 'MembersMove' : 'FewSeatsFree' }
}
