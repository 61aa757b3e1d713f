// Which rows were written after a snapshot: PostgreSQL keeps in every row, as xmin, the transaction that wrote it.
import { type RawBuilder, sql } from 'kysely'

/**
 * Whether the writer of a row version is one that the snapshot does not see. A row keeps only the lower half of the
 * number, which is taken for the nearest to the snapshot's: a row that is two thousand million transactions old may be
 * taken for a new one, never the other way round within that time.
 */
export const notSeenBy = (snapshot: string, xmin: RawBuilder<unknown>): RawBuilder<boolean> => {
  const at = sql`pg_snapshot_xmax(${snapshot}::pg_snapshot)::text::bigint`
  const ahead = sql`(((${xmin}::text::bigint - ${at} + 2147483648) & 4294967295) - 2147483648)`
  return sql<boolean>`NOT pg_visible_in_snapshot(greatest(3, ${at} + ${ahead})::text::xid8, ${snapshot}::pg_snapshot)`
}
