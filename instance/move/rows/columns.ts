// The columns that a table of this database has.
import { sql } from 'kysely'
import { once } from '../../federation/once.ts'
import type { InstanceDatabase } from '../../store/database.ts'

/** Names of columns, by table. Read once: a process that started before a migration does not move anybody after it. */
export const columnsOf = once(
  async (db: InstanceDatabase): Promise<ReadonlyMap<string, readonly string[]>> => {
    const { rows } = await sql<{ name: string; columns: string[] }>`
    SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    GROUP BY c.relname`.execute(db)
    return new Map(rows.map(({ name, columns }) => [name, columns]))
  },
)
