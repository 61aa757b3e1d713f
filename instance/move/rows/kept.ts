// What a home kept of a member who left, page by page.
import { sql } from 'kysely'
import type { InstanceTransaction } from '../../store/database.ts'
import type { CopyPlace, Page } from '../calls.ts'
import { CARRIED, keyColumns, keyText } from './carried.ts'
import { after, asElsewhere, fitting, PAGE, TEXTS } from './export.ts'

/** All that was kept for a move: what is the member's own, and the people and posts that it names. */
export async function exportKeptPage(
  tx: InstanceTransaction,
  columns: ReadonlyMap<string, readonly string[]>,
  move: { readonly id: string; readonly member_id: string },
  from: CopyPlace,
): Promise<Page> {
  const one = CARRIED[from.part]
  if (!one) return { rows: [], next: null }
  const { table } = one
  const name = sql.table(table)
  const limit = one.page ?? PAGE
  const list = sql.join((columns.get(table) ?? []).map((column) => sql.ref(`${table}.${column}`)))
  const own =
    table === 'posts'
      ? sql`posts.account_id = ${move.member_id}::bigint`
      : table === 'accounts'
        ? sql`accounts.id = ${move.member_id}::bigint`
        : sql`true`
  const chosen = sql`SELECT ${list} FROM carried.${sql.id(table)} AS ${name}
    WHERE move = ${move.id}::bigint AND ${after(one, from.after)}
    ORDER BY ${keyColumns(one)} LIMIT ${sql.lit(limit)}`
  const long = table === 'posts'
  const { rows } = await sql<{ chosen: string | null; keys: string[][] | null }>`
    WITH kept AS MATERIALIZED (${long ? fitting(one, chosen, TEXTS) : chosen})
    SELECT
      (SELECT json_agg(CASE WHEN ${own} THEN to_jsonb(${name}) ELSE ${asElsewhere(table, table)} END)::text
        FROM kept AS ${name}) AS chosen,
      (SELECT json_agg(${keyText(one)} ORDER BY ${keyColumns(one)}) FROM kept AS ${name}) AS keys`.execute(tx)
  const [row] = rows
  const keys = row?.keys ?? []
  // Where texts are long, fewer rows than the most do not mean that these were the last.
  const last = long || keys.length === limit ? keys.at(-1) : undefined
  const further = from.part + 1 < CARRIED.length ? { part: from.part + 1, after: null } : null
  return {
    rows: row?.chosen ? [[table, row.chosen]] : [],
    next: last ? { part: from.part, after: last } : further,
  }
}
