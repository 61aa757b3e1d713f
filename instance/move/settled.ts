// Waiting for transactions that began before something was announced and may not have seen it.
import { sql } from 'kysely'
import type { InstanceDatabase } from '../store/database.ts'
import { pause } from '../store/failures.ts'

const LOOK_MS = 5

/**
 * Resolves to true when every transaction that was writing in this database when this was called has ended, false if
 * that takes longer than `mostMs`. What such a transaction writes may be missing in the log of changes, for it began
 * before the log.
 */
export async function olderWritesEnded(db: InstanceDatabase, mostMs: number): Promise<boolean> {
  const older = await writing(db)
  return (
    older.length === 0 ||
    within(mostMs, async () => {
      const running = new Set(await writing(db))
      return !older.some((one) => running.has(one))
    })
  )
}

/**
 * The transactions that write, by their numbers: each holds a lock on its own from before its first row to its end. A
 * snapshot would not do: it says nothing of those that are newer than all that have ended, and it counts every
 * database of the server, so that another community's long write would stop the moves of this one. A session belongs
 * to one database for life; one that is not known to be another's counts.
 */
async function writing(db: InstanceDatabase): Promise<string[]> {
  const { rows } = await sql<{ xid: string }>`
    SELECT lock.transactionid::text AS xid FROM pg_locks AS lock LEFT JOIN pg_stat_activity AS session USING (pid)
    WHERE lock.locktype = 'transactionid' AND lock.mode = 'ExclusiveLock' AND lock.granted
      AND (session.datname IS NULL OR session.datname = current_database())`.execute(db)
  return rows.map(({ xid }) => xid)
}

/** Looks again and again, until `look` gives true or the time is over. */
export async function within(
  mostMs: number,
  look: () => Promise<boolean>,
  everyMs = LOOK_MS,
): Promise<boolean> {
  const end = performance.now() + mostMs
  for (;;) {
    if (await look()) return true
    if (performance.now() >= end) return false
    await pause(everyMs, new AbortController().signal)
  }
}
