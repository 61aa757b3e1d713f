// Work that is leased: whoever is at it renews the lease, so that leases are short and what a process that died had in
// hand is soon taken up by the next, whichever that is.
import { type RawBuilder, sql } from 'kysely'
import type { Instance } from '../instance.ts'
import { pause } from '../store/failures.ts'

/** After so many seconds at most, what a process had in hand when it died is free for another. */
export const LEASE_S = 15

/**
 * A row that was taken more often is given up: tries that come to an end are given up earlier, so this is one that ends
 * the process at work on it. With the waits below that takes between two and three days.
 */
export const MOST_TAKINGS = 40
/** Seconds: the longest wait after a taking that nobody ended. */
const LONGEST_S = 7200

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
 * Whether the row that goes by this name is in nobody's hands. Takings are counted when they begin: one that nobody
 * ended may have ended its process, by eating all memory for one, and would do so again. The first time the end of the
 * lease is enough; from then on the wait doubles with every taking.
 */
export const isFree = (row: 'intake' | 'd'): RawBuilder<boolean> => {
  const [until, taken] = [sql.ref(`${row}.leased_until`), sql.ref(`${row}.attempts`)]
  return sql<boolean>`(${until} IS NULL OR ${until} < now()
    - least(${LONGEST_S}, ${LEASE_S} * (2.0 ^ least(${taken} - 1, 20) - 1)) * interval '1 second')`
}

/**
 * Which of the rows of `due` (`id`, `unended`) to take: one whose last taking nobody ended is taken alone, so that if it
 * ends the process again, nothing else is held up with it.
 */
export const aloneIfUnended: RawBuilder<boolean> = sql<boolean>`id IN (SELECT id FROM due ORDER BY unended DESC, id
  LIMIT CASE WHEN EXISTS (SELECT FROM due WHERE unended) THEN 1 END)`

/** Why a row that was taken too often is put aside. */
export const TAKEN_TOO_OFTEN = 'whoever took it never came to its end'

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
