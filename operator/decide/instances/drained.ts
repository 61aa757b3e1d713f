// Whether an instance is empty: nobody lives there, and nothing lies there that anybody would miss.
import type { HomeFacts } from '../snapshot.ts'

const DAY_MS = 86_400_000

/** What was not counted is not empty. */
export function isDrained({ residents, leftovers }: HomeFacts): boolean {
  if (residents !== 0 || !leftovers) return false
  const { moves, intake, spool, deliveries } = leftovers
  return moves + intake + spool + deliveries === 0
}

export type Remaining = { readonly reason: 'Occupied' | 'Kept' | 'CountUnknown'; readonly message: string }

/**
 * What an instance that is being emptied still waits for; undefined: nothing. `owed`: rows that siblings have for it.
 * `keepDays`: how long the rows of members who left are kept.
 */
export function remaining(
  home: HomeFacts | undefined,
  owed: number | undefined,
  keepDays: number,
): Remaining | undefined {
  const { residents, leftovers } = home ?? {}
  if (residents === undefined || !leftovers)
    return { reason: 'CountUnknown', message: 'its database was not looked into' }
  if (residents > 0)
    return {
      reason: 'Occupied',
      message: `${residents} ${residents === 1 ? 'member lives' : 'members live'} here`,
    }
  if (leftovers.moves > 0) return { reason: 'Occupied', message: 'moves have not ended here' }
  if (leftovers.intake > 0) return { reason: 'Occupied', message: 'what came here is still being applied' }
  if (leftovers.spool > 0)
    return { reason: 'Occupied', message: 'siblings have not taken all that is for them' }
  if (leftovers.deliveries > 0) return { reason: 'Occupied', message: 'deliveries are left' }
  if (owed === undefined)
    return { reason: 'CountUnknown', message: 'not all siblings said what they have for it' }
  if (owed > 0) return { reason: 'Occupied', message: 'siblings have not handed over all that is for it' }
  if (leftovers.sinceLeft !== null && leftovers.sinceLeft < keepDays * DAY_MS)
    return {
      reason: 'Kept',
      message: `the rows of members who left are kept for ${keepDays} days after the last one (spec.rebalance.retireAfterDays)`,
    }
  return undefined
}
