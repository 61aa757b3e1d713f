// Which rows were written after a snapshot: PostgreSQL keeps in every row, as xmin, the transaction that wrote it.
import { type RawBuilder, sql } from 'kysely'

/**
 * Whether the writer of a row version is one that the snapshot does not see. A row keeps only the lower half of the
 * number, which is taken for the nearest to the snapshot's: a row that is two thousand million transactions old may be
 * taken for a new one, never the other way round within that time.
 */
export function notSeenBy(snapshot: string, xmin: RawBuilder<unknown>): RawBuilder<boolean> {
  const oldest = BigInt(snapshot.split(':', 1)[0] ?? 0)
  const half = 1n << 31n
  const number = (value: bigint) => sql.raw(String(value))
  // Nearly all rows are older than the oldest that was still running: so much is cheap to tell.
  const ahead = sql`(((${xmin}::text::bigint + ${number(half - (oldest & 0xffffffffn))}) & 4294967295) - ${number(half)})`
  return sql<boolean>`CASE WHEN ${ahead} < 0 THEN false
    ELSE NOT pg_visible_in_snapshot((${number(oldest)} + ${ahead})::text::xid8, ${snapshot}::pg_snapshot) END`
}
