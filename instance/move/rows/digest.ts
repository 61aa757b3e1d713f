// Are both copies the same? Counts and SHA-256 over the member's rows, written the same way at both homes.
import { type RawBuilder, sql } from 'kysely'
import type { InstanceTransaction } from '../../store/database.ts'
import type { Digests, Keys } from '../calls.ts'
import { CARRIED, type CarriedTable, type Place } from './carried.ts'

type Columns = ReadonlyMap<string, readonly string[]>

/**
 * Digests of all that is the member's at a place. A row is hashed as the text of its columns in the order of their
 * names, for columns may have been added in any order. The transaction must write values as `sameText` says.
 */
export async function digestsOf(
  tx: InstanceTransaction,
  member: string,
  place: Place,
  columns: Columns,
): Promise<Digests> {
  return read(
    tx,
    CARRIED.map((one) => {
      const mine = one.mine(member, place)
      return sql`SELECT ${one.table} AS in_table, count(*)::integer AS count,
        ${overRows(one, columns)} AS sha256 FROM ${place(one.table)} AS ${sql.table(one.table)} WHERE ${mine}`
    }),
  )
}

/**
 * The same of some rows only: of each table that has keys among `keys`, those of its rows with such a key that are the
 * member's. What does not depend on them, because it was compared before and did not change since, need not be read.
 */
export async function digestsOfRows(
  tx: InstanceTransaction,
  member: string,
  place: Place,
  columns: Columns,
  keys: Keys,
): Promise<Digests> {
  const byTable = Map.groupBy(keys, ([table]) => table)
  return read(
    tx,
    CARRIED.filter(({ table }) => byTable.has(table)).map((one) => {
      const wanted = JSON.stringify(byTable.get(one.table)?.map(([, key]) => key))
      const same = sql.join(
        Object.entries(one.key).map(
          ([column, type], index) =>
            sql`${sql.ref(`${one.table}.${column}`)} = (wanted.key ->> ${sql.lit(index)})::${sql.raw(type)}`,
        ),
        sql` AND `,
      )
      return sql`SELECT ${one.table} AS in_table, count(*)::integer AS count, ${overRows(one, columns)} AS sha256
        FROM (SELECT DISTINCT key FROM jsonb_array_elements(${wanted}::jsonb) AS given (key)) AS wanted
        JOIN ${place(one.table)} AS ${sql.table(one.table)} ON ${same} WHERE ${one.mine(member, place)}`
    }),
  )
}

async function read(tx: InstanceTransaction, parts: readonly RawBuilder<unknown>[]): Promise<Digests> {
  if (parts.length === 0) return {}
  const { rows } = await sql<{ in_table: string; count: number; sha256: string }>`
    ${sql.join(parts, sql` UNION ALL `)}`.execute(tx)
  return Object.fromEntries(rows.map(({ in_table, count, sha256 }) => [in_table, { count, sha256 }]))
}

function overRows(one: CarriedTable, columns: Columns): RawBuilder<string> {
  const ref = (column: string) => sql.ref(`${one.table}.${column}`)
  // Names are compared as bytes: two servers may sort text in different ways.
  const order = sql.join(
    Object.entries(one.key).map(([column, type]) =>
      type === 'text' ? sql`${ref(column)} COLLATE "C"` : ref(column),
    ),
  )
  // Pictures are never written out as text for this: that would take longer than all the rest.
  const values = (columns.get(one.table) ?? []).filter((column) => column !== one.hashed?.column).toSorted()
  const row = sql`sha256(convert_to(ROW(${sql.join(values.map(ref))})::text, 'UTF8'))`
  return sql`encode(sha256(coalesce(string_agg(${row}, ''::bytea ORDER BY ${order}), ''::bytea)), 'hex')`
}

/** Has values written the same way on every server, whatever its settings. */
export async function sameText(tx: InstanceTransaction): Promise<void> {
  await sql`SELECT set_config('timezone', 'UTC', true), set_config('bytea_output', 'hex', true)`.execute(tx)
}

/** Digests of the columns of the carried tables: rows travel only between homes that have the same. */
export async function schemaOf(tx: Pick<InstanceTransaction, 'getExecutor'>): Promise<string> {
  const { rows } = await sql<{ hash: string }>`
    SELECT encode(sha256(convert_to(string_agg(
      format('%s.%s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod)), ',' ORDER BY c.relname, a.attname), 'UTF8')), 'hex') AS hash
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'carried'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped`.execute(
    tx,
  )
  return rows[0]?.hash.slice(0, 16) ?? ''
}

/** Tables whose digests differ, or that one side does not know. */
export function differing(a: Digests, b: Digests): string[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
  return names.filter((name) => a[name]?.count !== b[name]?.count || a[name]?.sha256 !== b[name]?.sha256)
}
