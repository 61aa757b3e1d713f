// The source's side of copying: pages of the member's rows, each with the people and posts that they name.
import { type RawBuilder, sql } from 'kysely'
import type { InstanceDatabase, InstanceTransaction } from '../../store/database.ts'
import type { CopyPlace, Delta, Keys, Page } from '../calls.ts'
import { CARRIED, type CarriedTable, carried, HOME, keyColumns, keyText } from './carried.ts'
import { sameText } from './digest.ts'
import { shownBoosts, shownPosts, wouldShowBoost, wouldShowPost } from './shown.ts'

export const PAGE = 500
/** Octets of posts' texts a page: of other servers each may have 400,000, and a pod little memory. One row always fits. */
const PAGE_BYTES = 4 * 1024 * 1024

/** The parts of a copy in the order in which they are read: the member's own tables, then what their pages show. */
export const PARTS: readonly string[] = [...CARRIED.map(({ table }) => table), 'shown-posts', 'shown-boosts']

/** One snapshot of the database for everything `fn` reads, with values written the same way on every server. */
export function inSnapshot<T>(db: InstanceDatabase, fn: (tx: InstanceTransaction) => Promise<T>): Promise<T> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      await sameText(tx)
      return fn(tx)
    })
}

/** The rows after a place: parts, until there are enough for one page. Small lives are one page. */
export async function exportPage(tx: InstanceTransaction, member: string, from: CopyPlace): Promise<Page> {
  const rows: [string, string][] = []
  let count = 0
  let { part, after } = from
  for (; count < PAGE && part < PARTS.length; ) {
    const got = await exportPart(tx, member, PARTS[part] ?? '', after)
    rows.push(...got.rows)
    count += got.share * PAGE
    if (got.next === null) part++
    after = got.next
  }
  return { rows, next: part < PARTS.length ? { part, after } : null }
}

/** Rows with a greater key. */
export function after(one: CarriedTable, key: readonly string[] | null): RawBuilder<unknown> {
  const types = Object.values(one.key)
  return key === null
    ? sql`true`
    : sql`(${keyColumns(one)}) > (${sql.join(key.map((text, index) => sql`${text}::${sql.raw(types[index] ?? 'text')}`))})`
}

/** A page of one part. `share`: how much of the most that it may hold it does hold. */
async function exportPart(
  tx: InstanceTransaction,
  member: string,
  part: string,
  behind: readonly string[] | null,
): Promise<{ rows: [string, string][]; next: string[] | null; share: number }> {
  const one = carried(part === 'shown-posts' ? 'posts' : part === 'shown-boosts' ? 'boosts' : part)
  const which =
    part === 'shown-posts'
      ? sql`posts.id IN (${shownPosts(member)})`
      : part === 'shown-boosts'
        ? sql`boosts.id IN (${shownBoosts(member)})`
        : one.mine(member, HOME)
  const limit = one.page ?? PAGE
  const chosen = sql`SELECT ${sql.table(one.table)}.* FROM ${HOME(one.table)} WHERE ${which} AND ${after(one, behind)}
    ORDER BY ${keyColumns(one)} LIMIT ${sql.lit(limit)}`
  const bytes = bytesOf(one, member)
  const fits = bytes ? fitting(one, chosen, bytes) : chosen
  const { rows, keys } = await readRows(tx, member, one, fits, !part.startsWith('shown'))
  const length = rows.reduce((sum, [, text]) => sum + text.length, 0)
  return {
    rows,
    // Where texts are long, fewer rows than the most do not mean that these were the last.
    next: bytes || keys.length === limit ? (keys.at(-1) ?? null) : null,
    share: Math.max(keys.length / limit, length / PAGE_BYTES),
  }
}

/** Octets of the texts that come with a row: its own, or those of others' posts that it names. */
function bytesOf(one: CarriedTable, member: string): RawBuilder<number> | undefined {
  if (one.table === 'posts') return TEXTS
  if (!one.posts) return undefined
  const named = sql.join(one.posts.map((column) => sql.ref(`${one.table}.${column}`)))
  return sql`(SELECT coalesce(sum(octet_length(named.content_html)), 0) FROM public.posts AS named
    WHERE named.id IN (${named}) AND named.account_id <> ${member}::bigint)`
}

/** Octets of a post's own texts. */
export const TEXTS = sql<number>`(octet_length(posts.content_html) + coalesce(octet_length(posts.content_text), 0)
  + coalesce(octet_length(posts.object_json), 0))`

/** The first of the chosen rows, until their texts fill a page. */
export function fitting(
  one: CarriedTable,
  chosen: RawBuilder<unknown>,
  bytes: RawBuilder<number>,
): RawBuilder<unknown> {
  const row = sql.table(one.table)
  return sql`SELECT (measured.entry).* FROM (
    SELECT ${row} AS entry, coalesce(sum(${bytes}) OVER (ORDER BY ${keyColumns(one)}
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
    FROM (${chosen}) AS ${row}) AS measured WHERE before < ${sql.lit(PAGE_BYTES)}`
}

/**
 * What changed since a snapshot. A key whose row is gone is named; a row is sent if it is the member's, or would be
 * shown to them. Whatever this snapshot sees is done with: the next time ask since this one.
 */
export async function exportDelta(
  tx: InstanceTransaction,
  member: string,
  since: string | null,
): Promise<Omit<Delta, 'was' | 'digests'>> {
  const unseen =
    since === null ? sql`true` : sql`NOT pg_visible_in_snapshot(changes.xid, ${since}::pg_snapshot)`
  const { rows: found } = await sql<{ in_table: string; count: string }>`
    SELECT in_table, count(DISTINCT key) AS count FROM carried.changes WHERE ${unseen} GROUP BY in_table`.execute(
    tx,
  )
  const { rows: now } = await sql<{ snapshot: string }>`
    SELECT pg_current_snapshot()::text AS snapshot`.execute(tx)
  const rows: [string, string][] = []
  const gone: Keys = []
  const own: Keys = []
  for (const one of CARRIED.filter(({ table }) => found.some(({ in_table }) => in_table === table))) {
    const name = sql.table(one.table)
    const same = sql.join(
      Object.entries(one.key).map(
        ([column, type], index) =>
          sql`${sql.ref(`${one.table}.${column}`)} = changed.key[${sql.lit(index + 1)}]::${sql.raw(type)}`,
      ),
      sql` AND `,
    )
    const changed = sql`(SELECT DISTINCT key FROM carried.changes WHERE in_table = ${one.table} AND ${unseen}) AS changed`
    const from = (which: RawBuilder<unknown>) =>
      sql`SELECT ${name}.* FROM ${changed} JOIN ${HOME(one.table)} ON ${same} WHERE ${which}`
    const theirs = await readRows(tx, member, one, from(one.mine(member, HOME)), true)
    rows.push(...theirs.rows)
    own.push(...theirs.keys.map((key): [string, string[]] => [one.table, key]))
    const shown =
      one.table === 'posts'
        ? wouldShowPost(member)
        : one.table === 'boosts'
          ? wouldShowBoost(member)
          : undefined
    if (shown) rows.push(...(await readRows(tx, member, one, from(shown), false)).rows)
    const lost = await sql<{ key: string[] }>`
      SELECT changed.key FROM ${changed} WHERE NOT EXISTS (SELECT FROM ${HOME(one.table)} WHERE ${same})`.execute(
      tx,
    )
    gone.push(...lost.rows.map(({ key }): [string, string[]] => [one.table, key]))
  }
  const changes = found.reduce((sum, { count }) => sum + Number(count), 0)
  return { rows, gone, own, snapshot: now[0]?.snapshot ?? '', changes }
}

type Read = { rows: [string, string][]; keys: string[][] }

/** The chosen rows of one table, after the accounts, posts and mentions that they need. */
async function readRows(
  tx: InstanceTransaction,
  member: string,
  one: CarriedTable,
  chosen: RawBuilder<unknown>,
  own: boolean,
): Promise<Read> {
  const named = (columns: readonly string[]) =>
    columns.length === 0
      ? sql`SELECT NULL::bigint`
      : sql.join(
          columns.map((column) => sql`SELECT ${sql.ref(`chosen.${column}`)} FROM chosen`),
          sql` UNION `,
        )
  const alias = sql.table(one.table)
  const theirs = sql`SELECT id FROM named_posts
    ${one.table === 'posts' && !own ? sql`UNION SELECT id FROM chosen` : sql``}`
  const { rows } = await sql<{
    accounts: string | null
    posts: string | null
    mentions: string | null
    post_tags: string | null
    chosen: string | null
    keys: string[][] | null
  }>`
    WITH chosen AS MATERIALIZED (${chosen}),
      named_posts AS MATERIALIZED (SELECT posts.* FROM posts
        WHERE posts.id IN (${named(one.posts ?? [])}) AND posts.account_id <> ${member}::bigint),
      their_mentions AS MATERIALIZED (SELECT mentions.* FROM mentions WHERE post_id IN (${theirs})),
      their_tags AS MATERIALIZED (SELECT post_tags.* FROM post_tags WHERE post_id IN (${theirs})),
      named_accounts AS MATERIALIZED (SELECT accounts.* FROM accounts
        WHERE accounts.id <> ${member}::bigint AND accounts.id IN (
          ${named(one.accounts ?? [])} UNION SELECT account_id FROM named_posts
          UNION SELECT in_reply_to_account_id FROM named_posts UNION SELECT account_id FROM their_mentions))
    SELECT
      (SELECT json_agg(${asElsewhere('accounts', 'named_accounts')})::text FROM named_accounts) AS accounts,
      (SELECT json_agg(${asElsewhere('posts', 'named_posts')})::text FROM named_posts) AS posts,
      (SELECT json_agg(to_jsonb(their_mentions))::text FROM their_mentions) AS mentions,
      (SELECT json_agg(to_jsonb(their_tags))::text FROM their_tags) AS post_tags,
      (SELECT json_agg(${own ? sql`row_to_json(chosen)` : asElsewhere(one.table, 'chosen')})::text FROM chosen) AS chosen,
      (SELECT json_agg(${keyText(one)} ORDER BY ${keyColumns(one)}) FROM chosen AS ${alias}) AS keys`.execute(
    tx,
  )
  const [row] = rows
  const read: [string, string][] = []
  for (const table of ['accounts', 'posts', 'mentions', 'post_tags'] as const) {
    const text = row?.[table]
    if (text) read.push([table, text])
  }
  if (row?.chosen) read.push([one.table, row.chosen])
  return { rows: read, keys: row?.keys ?? [] }
}

/** A row as a home that it does not belong to may have it: without what only the author's own home keeps. */
export function asElsewhere(table: string, alias: string): RawBuilder<unknown> {
  const row = sql`to_jsonb(${sql.table(alias)})`
  if (table === 'posts') return sql`${row} || '{"object_json": null, "content_text": null}'`
  if (table !== 'accounts') return row
  return sql`${row} || jsonb_build_object('actor_json', NULL, 'fetched_at', coalesce(${sql.ref(`${alias}.fetched_at`)}, now()))`
}
