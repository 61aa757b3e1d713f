// Who has to move, as numbers, and why.
import type { CommunitySpec } from '../../api/objects.ts'
import { settled } from '../growth/growth.ts'
import type { DirectoryInstance } from '../snapshot.ts'
import { headroomOf } from './settled.ts'

export type Imbalance = {
  /** Members that instances have more than seats, and all who live in instances that are being emptied. */
  readonly overflow: number
  /** Of these, the ones who live in instances that are being emptied. */
  readonly emptied: number
  /** Seats that are free for them. */
  readonly room: number
  /** An instance has less than half the headroom that is wished for, and there are seats to give all instances all of it. */
  readonly cramped: boolean
}

/** Pure. As it is once the moves that are under way have ended; by the cap that is wished for, which is enforced next. */
export function imbalanceOf(
  instances: readonly DirectoryInstance[],
  spec: Pick<CommunitySpec, 'seats' | 'rebalance'>,
): Imbalance {
  const wish = spec.seats.perInstance
  const rows = settled(instances)
  const active = rows.filter(({ state }) => state === 'Active')
  const drained = rows.filter(({ state }) => state === 'Draining')
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const free = active.map(({ taken }) => wish - taken)
  const headroom = headroomOf(spec)
  const leave = sum(drained.map(({ taken }) => taken))
  return {
    overflow: sum(free.map((seats) => Math.max(0, -seats))) + leave,
    emptied: leave,
    room: sum(free.map((seats) => Math.max(0, seats))),
    cramped: free.some((seats) => seats < headroom / 2) && sum(free) >= headroom * active.length,
  }
}
