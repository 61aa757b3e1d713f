// Work that is leased: whoever is at it renews the lease, so that leases are short and what a process that died had in
// hand is soon taken up by the next, whichever that is.
import { sql } from 'kysely'
import type { Instance } from '../instance.ts'
import { pause } from '../store/failures.ts'

/** After so many seconds at most, what a process had in hand when it died is free for another. */
export const LEASE_S = 15

/** Of a lease: what ends sooner, which is nearly all, costs no statement more. */
const RENEW_AFTER = 1 / 3
/** Of a lease: how long to wait after a renewal that failed. */
const TRY_AGAIN_AFTER = 1 / 15
/** Of a lease: whoever could not renew it by then stops before the database gives the work to somebody else. */
const LOST_AFTER = 0.9

export type Held = {
  readonly table: 'deliveries' | 'intake'
  /** Taken by one statement. */
  readonly rows: readonly { readonly id: string; readonly lease: string }[]
  /** What `performance.now()` was before that statement was sent: the lease began no earlier. */
  readonly since: number
  readonly leaseS: number
}

/**
 * Runs `work`, and renews the lease of the rows that it has not settled yet for as long as it lasts. `lost` is aborted
 * before the lease ends when it could not be renewed: from then on somebody else may be at the same rows. Throws what
 * `work` throws and nothing else.
 */
export async function whileHeld<T>(
  instance: Pick<Instance, 'db' | 'log'>,
  held: Held,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController()
  const over = new AbortController()
  const renewing = keepRenewing(instance, held, lost, over.signal)
  try {
    return await work(lost.signal)
  } finally {
    over.abort()
    await renewing
  }
}

/** Until the work is over, or the lease is lost. */
async function keepRenewing(
  { db, log }: Pick<Instance, 'db' | 'log'>,
  held: Held,
  lost: AbortController,
  over: AbortSignal,
): Promise<void> {
  const leaseMs = held.leaseS * 1000
  const end = AbortSignal.any([over, lost.signal])
  const until = (ms: number) => Math.max(0, ms - performance.now())
  const losing = (since: number) =>
    setTimeout(() => lost.abort(), until(since + LOST_AFTER * leaseMs)).unref()
  let loss = losing(held.since)
  let next = held.since + RENEW_AFTER * leaseMs
  for (;;) {
    await pause(until(next), end)
    if (end.aborted) break
    const asked = performance.now()
    try {
      if (!(await renew(db, held))) lost.abort()
      else if (!lost.signal.aborted) {
        clearTimeout(loss)
        loss = losing(asked)
      }
      next = asked + RENEW_AFTER * leaseMs
    } catch (error) {
      if (!over.aborted) log.warn({ err: error, table: held.table }, 'a lease could not be renewed')
      next = performance.now() + TRY_AGAIN_AFTER * leaseMs
    }
  }
  clearTimeout(loss)
}

/**
 * False if none of the rows is held any more. A lease that has ended is not taken up again, for somebody may rely on
 * its end already. A row that is locked is being settled at this moment and not waited for.
 */
async function renew(db: Instance['db'], { table, rows, leaseS }: Held): Promise<boolean> {
  const ids = rows.map(({ id }) => id)
  const leases = [...new Set(rows.map(({ lease }) => lease))]
  const { numAffectedRows = 0n } = await sql`
    UPDATE ${sql.table(table)} SET leased_until = now() + ${leaseS} * interval '1 second'
    WHERE id IN (
      SELECT id FROM ${sql.table(table)}
      WHERE id = ANY(${ids}::bigint[]) AND lease = ANY(${leases}::uuid[]) AND leased_until > now()
      FOR UPDATE SKIP LOCKED)`.execute(db)
  return numAffectedRows > 0n
}
