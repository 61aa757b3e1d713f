// What the target puts in its place before the switch: much at once, at the switch, would keep the member waiting. The
// member's posts are until then what a neighbour's posts are, a cache, which the rules of visibility guard.
import { sql } from 'kysely'
import type { InstanceTransaction } from '../../../store/database.ts'
import { isOfMember } from '../../../store/kv.ts'
import type { LocalMove } from '../../fence.ts'
import { carried } from '../../rows/carried.ts'
import { planForLookups, planForTwins } from '../../rows/stage.ts'
import { bring, type Context, clearUnlike, isStagedSo } from './bring.ts'
import { placeBoosts, placeLikes, takeBackBoosts, takeBackLikes } from './reactions.ts'

const AT_ONCE = 500
/** What a home keeps of a post and a neighbour does not. */
const OF_A_HOME = ['object_json', 'content_text']

/** Own posts that are staged and were not placed yet, a part of them at a time. */
export async function unplaced(
  tx: InstanceTransaction,
  move: Pick<LocalMove, 'id' | 'member_id'>,
): Promise<string[][]> {
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM carried.posts WHERE move = ${move.id}::bigint AND account_id = ${move.member_id}::bigint
      AND id NOT IN (SELECT placed.id FROM carried.placed WHERE placed.move = ${move.id}::bigint)
    ORDER BY id`.execute(tx)
  const parts: string[][] = []
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    parts.push(rows.slice(from, from + AT_ONCE).map(({ id }) => id))
  }
  return parts
}

/** Places staged posts that are not here yet. */
export async function placePosts(
  tx: InstanceTransaction,
  columns: ReadonlyMap<string, readonly string[]>,
  move: Pick<LocalMove, 'id' | 'member_id'>,
  ids: readonly string[],
): Promise<void> {
  const names = columns.get('posts') ?? []
  const list = sql.join(names.map((name) => sql.id(name)))
  const others = names.filter((name) => !OF_A_HOME.includes(name))
  const rest = (table: string) => sql`(${sql.join(others.map((name) => sql.ref(`${table}.${name}`)))})`
  await sql`
    WITH part AS (SELECT * FROM carried.posts WHERE move = ${move.id}::bigint
        AND account_id = ${move.member_id}::bigint AND id = ANY (${ids}::bigint[])),
      put AS (INSERT INTO public.posts (${list}) SELECT ${list} FROM part
        WHERE NOT EXISTS (SELECT FROM tombstones WHERE tombstones.uri = part.uri)
        ON CONFLICT DO NOTHING RETURNING id),
      filled AS (UPDATE public.posts SET object_json = part.object_json, content_text = part.content_text
        FROM part WHERE part.id = posts.id AND posts.object_json IS NULL AND posts.content_text IS NULL
          AND ${rest('posts')} IS NOT DISTINCT FROM ${rest('part')} RETURNING posts.id)
    INSERT INTO carried.placed (move, id, filled)
      SELECT ${move.id}::bigint, id, false FROM put UNION ALL SELECT ${move.id}::bigint, id, true FROM filled
      ON CONFLICT DO NOTHING`.execute(tx)
}

/** Tables whose rows go with the row of the staged member, and what tells their rows apart; and `kv`, taken by its names. */
export const OWN_TABLES: readonly (readonly [string, readonly string[]])[] = [
  ['notifications', ['id']],
  ['outbox', ['id']],
  ['deliveries', ['outbox_id', 'inbox']],
  ['kv', ['key']],
]

/**
 * Places the people whom the member's rows name, followers from other servers, whom and what placed posts mention, who
 * of other servers likes or boosts them, and what nobody looks at before its member lives here: news, and what is still to be sent.
 */
export async function placeOthers(context: Context): Promise<void> {
  const { tx, move, columns, me } = context
  const id = sql`${move.id}::bigint`
  const list = (table: string) => sql.join((columns.get(table) ?? []).map((name) => sql.id(name)))
  await sql`WITH put AS (INSERT INTO public.accounts (${list('accounts')})
      SELECT ${list('accounts')} FROM carried.accounts AS t WHERE t.move = ${id} AND t.id <> ${me}
        AND NOT EXISTS (SELECT FROM public.accounts AS here WHERE here.id = t.id)
      ON CONFLICT DO NOTHING RETURNING id)
    INSERT INTO carried.placed_accounts (move, id) SELECT ${id}, id FROM put ON CONFLICT DO NOTHING`.execute(
    tx,
  )
  await sql`WITH put AS (INSERT INTO public.follows (${list('follows')})
      SELECT ${list('follows')} FROM carried.follows AS t WHERE t.move = ${id} AND t.followee_id = ${me}
        AND EXISTS (SELECT FROM public.accounts WHERE accounts.id = t.follower_id AND accounts.domain IS NOT NULL)
      ON CONFLICT DO NOTHING RETURNING follower_id)
    INSERT INTO carried.placed_follows (move, follower_id) SELECT ${id}, follower_id FROM put
    ON CONFLICT DO NOTHING`.execute(tx)
  await planForTwins(tx)
  const ofPlaced = sql`EXISTS (SELECT FROM carried.placed
    WHERE placed.move = t.move AND placed.id = t.post_id AND NOT placed.filled)`
  for (const table of ['mentions', 'post_tags']) await bring(context, table, { where: ofPlaced })
  await placeLikes(context)
  await placeBoosts(context)
  for (const [table, by] of OWN_TABLES) await clearUnlike(context, table, by)
  await planForLookups(tx)
  for (const [table] of OWN_TABLES) await bring(context, table, {})
}

/** Own posts that are not here just as they are staged, and those whose mentions or hashtags are not. */
export async function unlikePosts({ tx, move, columns, me }: Context): Promise<string[]> {
  const id = sql`${move.id}::bigint`
  const sets = (['mentions', 'post_tags'] as const).map((table) => {
    const key = Object.keys(carried(table).key)
    const list = sql.join(key.map((name) => sql.id(name)))
    return sql`SELECT post_id FROM
      (SELECT ${list}, true AS there FROM carried.${sql.id(table)} AS t WHERE t.move = ${id} AND EXISTS (
        SELECT FROM carried.posts AS own WHERE own.move = t.move AND own.id = t.post_id AND own.account_id = ${me})) AS t
      FULL JOIN (SELECT ${list}, true AS here FROM public.${sql.id(table)} WHERE post_id IN (
        SELECT own.id FROM public.posts AS own WHERE own.account_id = ${me})) AS h USING (${list})
      WHERE there IS NULL OR here IS NULL`
  })
  const { rows } = await sql<{ id: string }>`
    SELECT coalesce(t.id, posts.id) AS id
    FROM (SELECT * FROM carried.posts WHERE move = ${id} AND account_id = ${me}) AS t
    FULL JOIN (SELECT * FROM public.posts WHERE account_id = ${me}) AS posts ON posts.id = t.id
    WHERE NOT ${isStagedSo(columns, 'posts')}
    UNION ${sql.join(sets, sql` UNION `)}`.execute(tx)
  return rows.map((row) => row.id)
}

/**
 * Takes away again what was placed. A post that somebody here has liked or boosted meanwhile is theirs too, and stays
 * as any neighbour's post would; so do people whom anything here still names. The member's own row is gone before.
 */
export async function takeBack(
  tx: InstanceTransaction,
  move: Pick<LocalMove, 'id' | 'member_id'>,
): Promise<void> {
  const id = sql`${move.id}::bigint`
  await sql`DELETE FROM follows USING carried.placed_follows AS placed WHERE placed.move = ${id}
    AND follows.follower_id = placed.follower_id AND follows.followee_id = ${move.member_id}::bigint`.execute(
    tx,
  )
  await takeBackLikes(tx, move)
  await takeBackBoosts(tx, move)
  await takeBackPosts(tx, move)
  // Locked first: what somebody is just writing about them is then seen by the next statement.
  await sql`SELECT FROM accounts WHERE id IN (SELECT placed.id FROM carried.placed_accounts AS placed
    WHERE placed.move = ${id}) ORDER BY id FOR UPDATE`.execute(tx)
  const unnamed = [
    ['members', 'id'],
    ['posts', 'account_id'],
    ['mentions', 'account_id'],
    ['follows', 'follower_id'],
    ['follows', 'followee_id'],
    ['likes', 'account_id'],
    ['boosts', 'account_id'],
    ['notifications', 'account_id'],
  ].map(
    ([table = '', column = '']) =>
      sql`NOT EXISTS (SELECT FROM public.${sql.id(table)} AS named WHERE named.${sql.id(column)} = accounts.id)`,
  )
  await sql`DELETE FROM accounts USING carried.placed_accounts AS placed
    WHERE placed.move = ${id} AND placed.id = accounts.id AND ${sql.join(unnamed, sql` AND `)}`.execute(tx)
  await sql`DELETE FROM kv WHERE ${isOfMember(move.member_id)}`.execute(tx)
}

/** What somebody who arrives has in their timeline stays here, whatever becomes of the move of its author, who placed it. */
export async function keepPlaced(tx: InstanceTransaction, ids: readonly string[]): Promise<void> {
  // The posts are locked first, as where they are taken back.
  await sql`WITH theirs AS MATERIALIZED (
      SELECT posts.id FROM carried.placed JOIN public.posts ON posts.id = placed.id
      WHERE placed.id = ANY (${ids}::bigint[]) AND NOT placed.filled ORDER BY posts.id FOR UPDATE OF posts)
    UPDATE carried.placed SET filled = true FROM theirs WHERE placed.id = theirs.id`.execute(tx)
}

async function takeBackPosts(
  tx: InstanceTransaction,
  move: Pick<LocalMove, 'id' | 'member_id'>,
): Promise<void> {
  const placed = sql`posts.account_id = ${move.member_id}::bigint
    AND placed.move = ${move.id}::bigint AND placed.id = posts.id`
  // Locked first: that one has come by itself, or is liked by somebody, is then seen by the next statement.
  await sql`SELECT FROM posts, carried.placed WHERE ${placed} ORDER BY posts.id FOR UPDATE OF posts`.execute(
    tx,
  )
  await sql`DELETE FROM posts USING carried.placed WHERE ${placed} AND NOT placed.filled
    AND NOT EXISTS (SELECT FROM likes WHERE likes.post_id = posts.id)
    AND NOT EXISTS (SELECT FROM boosts WHERE boosts.post_id = posts.id)
    AND NOT EXISTS (SELECT FROM notifications AS told WHERE told.post_id = posts.id)`.execute(tx)
  await sql`UPDATE posts SET object_json = NULL, content_text = NULL FROM carried.placed WHERE ${placed}`.execute(
    tx,
  )
}
