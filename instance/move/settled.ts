// Waiting for transactions that began before something was announced and may not have seen it.
import { sql } from 'kysely'
import type { InstanceDatabase } from '../store/database.ts'
import { pause } from '../store/failures.ts'

const LOOK_MS = 5

/**
 * Resolves to true when every transaction that was writing when this was called has ended, false if that takes longer
 * than `mostMs`. What such a transaction writes may be missing in the log of changes, for it began before the log.
 */
export async function olderWritesEnded(db: InstanceDatabase, mostMs: number): Promise<boolean> {
  const { rows } = await sql<{
    at: string
  }>`SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS at`.execute(db)
  const at = rows[0]?.at ?? '0'
  return within(mostMs, async () => {
    const now = await sql<{ over: boolean }>`
      SELECT pg_snapshot_xmin(pg_current_snapshot()) >= ${at}::xid8 AS over`.execute(db)
    return now.rows[0]?.over === true
  })
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
