// The target's side of copying: rows are kept in the twins of their tables, where nothing looks for people or posts.
import { sql } from 'kysely'
import type { InstanceTransaction } from '../../store/database.ts'
import type { Delta } from '../calls.ts'
import type { LocalMove } from '../fence.ts'
import { carried } from './carried.ts'

type Columns = ReadonlyMap<string, readonly string[]>

/**
 * Pictures go where they will be at once: they are big, never change, and are served only at the member's home. With
 * the staged member's row they go again.
 */
const isDirect = (table: string): boolean => table === 'media'

const placeOf = (table: string) =>
  isDirect(table) ? sql`public.${sql.id(table)}` : sql`carried.${sql.id(table)}`

/** Writes rows, given as JSON text; what was staged under the same key is replaced. */
export async function stageRows(
  tx: InstanceTransaction,
  columns: Columns,
  move: Pick<LocalMove, 'id' | 'member_id'>,
  rows: readonly (readonly [string, string])[],
): Promise<void> {
  for (const [table, text] of rows) {
    const one = carried(table)
    const names = columns.get(table) ?? []
    const key = Object.keys(one.key)
    const list = sql.join(names.map((name) => sql.id(name)))
    const set = sql.join(
      names
        .filter((name) => !key.includes(name))
        .map((name) => sql`${sql.id(name)} = excluded.${sql.id(name)}`),
    )
    const change = names.length === key.length ? sql`NOTHING` : sql`UPDATE SET ${set}`
    const fresh = sql`json_populate_recordset(NULL::public.${sql.id(table)}, ${text}::json) AS fresh`
    // Bytes that are not what their address says are not taken; that they are missing shows when copies are compared.
    const whole = one.hashed
      ? sql`encode(sha256(${sql.id(one.hashed.column)}), 'hex') = ${sql.id(one.hashed.by)}`
      : sql`true`
    if (isDirect(table)) {
      await sql`INSERT INTO ${placeOf(table)} (${list}) SELECT ${list} FROM ${fresh} WHERE ${whole}
        ON CONFLICT (${sql.join(key.map((name) => sql.id(name)))}) DO ${change}`.execute(tx)
    } else {
      await sql`INSERT INTO ${placeOf(table)} (move, ${list}) SELECT ${move.id}::bigint, ${list} FROM ${fresh} WHERE ${whole}
        ON CONFLICT (${sql.join(['move', ...key].map((name) => sql.id(name)))}) DO ${change}`.execute(tx)
    }
  }
}

/** Applies what changed at the source: first takes out what is gone there. */
export async function stageDelta(
  tx: InstanceTransaction,
  columns: Columns,
  move: Pick<LocalMove, 'id' | 'member_id'>,
  delta: Pick<Delta, 'gone' | 'rows'>,
): Promise<void> {
  await unstage(tx, move, delta.gone)
  await stageRows(tx, columns, move, delta.rows)
}

async function unstage(
  tx: InstanceTransaction,
  move: Pick<LocalMove, 'id' | 'member_id'>,
  gone: readonly (readonly [string, readonly string[]])[],
): Promise<void> {
  if (gone.length === 0) return
  await planForTwins(tx)
  const byTable = new Map<string, (readonly string[])[]>()
  for (const [table, key] of gone) byTable.set(table, [...(byTable.get(table) ?? []), key])
  for (const [table, keys] of byTable) {
    const one = carried(table)
    const same = Object.entries(one.key).map(
      ([column, type], index) =>
        sql`${sql.ref(`t.${column}`)} = (lost.key ->> ${sql.lit(index)})::${sql.raw(type)}`,
    )
    const ours = isDirect(table)
      ? sql`t.member_id = ${move.member_id}::bigint`
      : sql`t.move = ${move.id}::bigint`
    await sql`DELETE FROM ${placeOf(table)} AS t USING jsonb_array_elements(${JSON.stringify(keys)}::jsonb) AS lost (key)
      WHERE ${ours} AND ${sql.join(same, sql` AND `)}`.execute(tx)
  }
}

/**
 * For transactions that hold twins against tables. The planner knows no move that has just been staged, takes it for one
 * row, and would look through all of its rows for each of a member's: with ten thousand posts that takes seconds.
 */
export async function planForTwins(tx: InstanceTransaction): Promise<void> {
  await sql`SET LOCAL enable_nestloop = off`.execute(tx)
}

/** For statements that look a staged row's people and posts up: the whole of a home's tables must not be read for that. */
export async function planForLookups(tx: InstanceTransaction): Promise<void> {
  await sql`SET LOCAL enable_nestloop = on`.execute(tx)
}

/** Empties the twins of a move, and what is remembered of what was placed ahead. */
export async function emptyTwins(
  tx: InstanceTransaction,
  moveId: string,
  tables: readonly string[],
): Promise<void> {
  for (const table of [...tables, 'placed', 'placed_accounts', 'placed_follows', 'placed_boosts']) {
    await sql`DELETE FROM carried.${sql.id(table)} WHERE move = ${moveId}::bigint`.execute(tx)
  }
}
