// One table's staged rows, copied to where they belong.
import { type RawBuilder, sql } from 'kysely'
import type { InstanceTransaction } from '../../../store/database.ts'
import type { LocalMove } from '../../fence.ts'
import { carried, HOME } from '../../rows/carried.ts'

export type Columns = ReadonlyMap<string, readonly string[]>

export type Context = {
  readonly tx: InstanceTransaction
  readonly move: LocalMove
  readonly columns: Columns
  readonly me: RawBuilder<unknown>
  /**
   * Frozen here, and at home elsewhere already: their rows here are dead, though nobody has put them aside yet. Before
   * the switch it does not matter: what is placed by then is set right at the switch.
   */
  readonly gone: readonly string[]
}

/** Of `members AS resident`: somebody else who lives here. Whoever is only staged has no rows yet that would count. */
export const livesHere = ({ me, gone }: Pick<Context, 'me' | 'gone'>): RawBuilder<unknown> =>
  sql`resident.id <> ${me} AND resident.state NOT IN ('staged', 'leaving')
    AND NOT (resident.state = 'frozen' AND resident.id = ANY (${[...gone]}::bigint[]))`

/** Residents' own doings are as they are here; what the earlier home knew of them may be older. */
export const notOfResident = (context: Context, column: string): RawBuilder<unknown> =>
  sql`NOT EXISTS (SELECT FROM members AS resident
    WHERE resident.id = ${sql.ref(column)} AND ${livesHere(context)})`

/** The id that a post has here. */
export const mapped = (me: RawBuilder<unknown>, column: string): RawBuilder<unknown> =>
  sql`CASE WHEN ${sql.ref(column)} IS NOT NULL THEN coalesce((SELECT alias.post_id FROM post_aliases AS alias
    WHERE alias.member_id = ${me} AND alias.old_id = ${sql.ref(column)}), ${sql.ref(column)}) END`

/** Whether a row of this table is to the last column as the staged one, named `t`. For tables that keep their ids. */
export function isStagedSo(columns: Columns, table: string): RawBuilder<boolean> {
  const cells = (of: string) => sql.join((columns.get(table) ?? []).map((name) => sql.ref(`${of}.${name}`)))
  return sql<boolean>`((${cells('t')}) IS NOT DISTINCT FROM (${cells(table)}))`
}

/** Columns whose rows must be here: a reference that is no longer anywhere takes its row with it. */
const REFERRING = new Set([
  'post_tags',
  'mentions',
  'follows',
  'likes',
  'boosts',
  'notifications',
  'post_aliases',
])

/** A table's columns with the values that its staged rows, named `t`, have here. */
export function valuesOf({ columns, me }: Context, table: string): [string, RawBuilder<unknown>][] {
  const posts = new Set(carried(table).posts ?? [])
  return (
    (columns.get(table) ?? [])
      // Numbers that a database counts up for itself are not carried from one to another.
      .filter((name) => !(table === 'deliveries' && name === 'id'))
      .map((name) => [
        name,
        posts.has(name)
          ? mapped(me, `t.${name}`)
          : table === 'deliveries' && /^lease/.test(name)
            ? sql`NULL`
            : sql.ref(`t.${name}`),
      ])
  )
}

/** Copies staged rows of a table to where they belong. With `on`, what is here under that key is replaced. */
export async function bring(
  context: Context,
  table: string,
  {
    where = sql`true`,
    on,
    changed = false,
  }: {
    readonly where?: RawBuilder<unknown>
    readonly on?: string
    /** Only what is not here just so: most of it may be. */
    readonly changed?: boolean
  },
): Promise<void> {
  const { tx, move, me } = context
  const one = carried(table)
  const values = valuesOf(context, table)
  const names = values.map(([name]) => name)
  const value = sql.join(values.map(([, value]) => value))
  const there: RawBuilder<unknown>[] = REFERRING.has(table)
    ? [
        ...(one.accounts ?? []).map((name) => exists('accounts', sql.ref(`t.${name}`))),
        ...(one.posts ?? []).map((name) => exists('posts', mapped(me, `t.${name}`))),
      ]
    : []
  // While all is copied, one may be there whose activity is not yet.
  if (table === 'deliveries') there.push(exists('outbox', sql.ref('t.outbox_id')))
  const list = sql.join(names.map((name) => sql.id(name)))
  if (changed && on !== undefined) {
    const here = sql.join(names.map((name) => sql.ref(`here.${name}`)))
    there.push(sql`NOT EXISTS (SELECT FROM public.${sql.id(table)} AS here WHERE here.${sql.id(on)} = t.${sql.id(on)}
      AND (${here}) IS NOT DISTINCT FROM (${value}))`)
  }
  const rest = names.filter((name) => name !== on)
  const conflict =
    on === undefined
      ? sql`DO NOTHING`
      : sql`(${sql.id(on)}) DO UPDATE SET ${sql.join(rest.map((name) => sql`${sql.id(name)} = excluded.${sql.id(name)}`))}`
  await sql`INSERT INTO public.${sql.id(table)} (${list})
    SELECT ${value} FROM carried.${sql.id(table)} AS t
    WHERE ${sql.join([sql`t.move = ${move.id}::bigint`, where, ...there], sql` AND `)}
    ON CONFLICT ${conflict}`.execute(tx)
}

/**
 * Takes away a table's rows of the member that are not staged just so: bringing it then makes both the same. What is
 * here already stays as it is, so doing it ahead leaves little for the switch. In a transaction that was told
 * `planForTwins`. `by`: what tells rows apart, the same at every home.
 */
export async function clearUnlike(context: Context, table: string, by: readonly string[]): Promise<void> {
  const { tx, move } = context
  const here = (name: string) => sql.ref(`${table}.${name}`)
  const values = valuesOf(context, table)
  const same = by.map((name) => sql`${here(name)} = ${sql.ref(`t.${name}`)}`)
  await sql`DELETE FROM public.${sql.id(table)} WHERE ${carried(table).mine(move.member_id, HOME)}
    AND NOT EXISTS (SELECT FROM carried.${sql.id(table)} AS t
      WHERE ${sql.join([sql`t.move = ${move.id}::bigint`, ...same], sql` AND `)}
        AND (${sql.join(values.map(([name]) => here(name)))}) IS NOT DISTINCT FROM
          (${sql.join(values.map(([, value]) => value))}))`.execute(tx)
}

const exists = (table: string, value: RawBuilder<unknown>) =>
  sql`(${value} IS NULL OR EXISTS (SELECT FROM public.${sql.id(table)} AS there WHERE there.id = ${value}))`
