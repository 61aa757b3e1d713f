// Whether fewer instances would do, and for how long they would have: then the emptiest is emptied.
import type { Community } from '../../api/objects.ts'
import { settled } from '../growth/growth.ts'
import { headroomOf } from '../rebalance/settled.ts'
import type { DirectoryInstance } from '../snapshot.ts'

const DAY_MS = 86_400_000

export type Shrink = {
  /** Fewer instances would do. */
  readonly fits: boolean
  /** The one that would be emptied. */
  readonly ordinal: number | undefined
  /** It is time. */
  readonly due: boolean
  /** Milliseconds until then, if nothing changes. */
  readonly forMs: number | undefined
}

type Asked = {
  readonly community: Community
  readonly rows: readonly DirectoryInstance[]
  readonly demand: { readonly coming: number; readonly waiting: number }
  /** Seats that stay free when everybody who has to move has moved. */
  readonly spare: (rows: readonly DirectoryInstance[]) => number
}

const NO: Shrink = { fits: false, ordinal: undefined, due: false, forMs: undefined }

/**
 * Pure. One instance at a time, and never while anything else is being opened, emptied or waited for. Twice the seats that
 * have an instance opened stay free, so that the next newcomers do not have one opened at once. The time counts from when
 * the condition Compact last became false, and from the last change of any instance.
 */
export function decideShrink({ community, rows, demand, spare }: Asked, now: number): Shrink {
  const { rebalance, seats } = community.spec
  const open = settled(rows).filter(({ state }) => state !== 'Retired')
  const quiet = open.every(({ state }) => state === 'Active') && demand.coming === 0 && demand.waiting === 0
  if (!quiet || open.length < 2) return NO
  const [least] = open.toSorted((a, b) => a.taken - b.taken || b.ordinal - a.ordinal)
  if (!least) return NO
  const without = rows.map((row) =>
    row.ordinal === least.ordinal ? { ...row, state: 'Draining' as const } : row,
  )
  const buffer = 2 * seats.minFree + headroomOf(community.spec) * (open.length - 1)
  if (spare(without) < buffer) return NO
  const found = { fits: true, ordinal: least.ordinal }
  if (rebalance.mode !== 'Auto' || rebalance.shrinkAfterDays === 0)
    return { ...found, due: false, forMs: undefined }
  const compact = community.status.conditions?.find(({ type }) => type === 'Compact')
  const began = compact?.status === 'False' ? Date.parse(compact.lastTransitionTime) : now
  const since = Math.max(began, ...rows.map(({ stateSince }) => stateSince))
  const forMs = since + rebalance.shrinkAfterDays * DAY_MS - now
  return { ...found, due: forMs <= 0, forMs: forMs > 0 ? forMs : undefined }
}
