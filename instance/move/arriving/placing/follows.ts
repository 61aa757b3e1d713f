// Who follows whom, and who likes and boosts the member's posts, when they arrive: an edge lives at both homes, and the
// two may be a moment apart.
import { type RawBuilder, sql } from 'kysely'
import { notify, unnotify } from '../../notifications/notify.ts'
import type { InstanceTransaction } from '../../store/database.ts'
import type { LocalMove } from '../fence.ts'
import { bring, type Context, notOfResident } from './bring.ts'

// Whoever is only staged here has no rows yet that would count.
const isResident = (column: string) => sql`EXISTS (SELECT FROM members AS resident
  WHERE resident.id = ${sql.ref(column)} AND resident.state NOT IN ('staged', 'leaving')
    AND resident.id <> (SELECT member_id FROM moves WHERE moves.id = t.move))`

/** Takes away the member's edges with people elsewhere that are not staged just so. For `planForTwins`. */
export async function clearEdges({ tx, move, me, columns }: Context): Promise<void> {
  const cells = (table: string) =>
    sql.join((columns.get('follows') ?? []).map((name) => sql.ref(`${table}.${name}`)))
  await sql`DELETE FROM follows WHERE ${me} IN (follower_id, followee_id)
    AND NOT EXISTS (SELECT FROM members AS resident WHERE resident.id <> ${me}
      AND resident.state NOT IN ('staged', 'leaving')
      AND resident.id IN (follows.follower_id, follows.followee_id))
    AND NOT EXISTS (SELECT FROM carried.follows AS t WHERE t.move = ${move.id}::bigint
      AND t.follower_id = follows.follower_id AND t.followee_id = follows.followee_id
      AND (${cells('t')}) IS NOT DISTINCT FROM
        (${cells('follows')}))`.execute(tx)
}

/**
 * Edges with people elsewhere come as the earlier home had them, after `clearEdges`. For those between the member and a
 * resident, this home's rows count: what the resident did is in them, and what the member did and is still on its way
 * here comes as the activity that it is. Only what the member has said already is made up for: that a follower was
 * accepted, and that they follow somebody no longer. Were that left to come, it would end what they begin here anew.
 */
export async function settleEdges(context: Context): Promise<void> {
  const { tx, move, me } = context
  await endUnfollowed(context)
  await bring(context, 'follows', {
    where: sql`NOT (${isResident('t.follower_id')} OR ${isResident('t.followee_id')})`,
  })
  // Asked, and not answered: who was asked may be on the way out before it comes, and it must be found when they answer.
  await bring(context, 'follows', {
    where: sql`t.follower_id = ${me} AND t.state = 'pending' AND ${isResident('t.followee_id')}`,
  })
  await sql`UPDATE follows SET state = 'accepted' FROM carried.follows AS t
    WHERE t.move = ${move.id}::bigint AND t.follower_id = follows.follower_id AND t.followee_id = follows.followee_id
      AND follows.followee_id = ${me} AND follows.state <> 'accepted' AND t.state = 'accepted'`.execute(tx)
  // Asked of the earlier home, which had not heard of it: asked of this one now.
  const { rows } = await sql<{ id: string; locked: boolean }>`
    SELECT follows.follower_id AS id, t.locked FROM follows
    JOIN members AS resident ON resident.id = follows.follower_id
    JOIN carried.members AS t ON t.move = ${move.id}::bigint AND t.id = ${me}
    WHERE follows.followee_id = ${me} AND follows.state = 'pending' AND NOT EXISTS (
      SELECT FROM carried.follows AS seen WHERE seen.move = ${move.id}::bigint
        AND seen.follower_id = follows.follower_id AND seen.followee_id = ${me})
    ORDER BY follows.follower_id`.execute(tx)
  for (const { id, locked } of rows) {
    if (!locked) {
      await tx
        .updateTable('follows')
        .set({ state: 'accepted' })
        .where('follower_id', '=', id)
        .where('followee_id', '=', move.member_id)
        .execute()
    }
    await notify(tx, {
      memberId: move.member_id,
      kind: locked ? 'follow_request' : 'follow',
      accountId: id,
    })
  }
}

/**
 * Whom the member followed, and took it back at the earlier home: that is still on its way here. So it is for whoever
 * they asked anew since, by an activity that is not here yet either: they are asked by that one, as `bring` has it.
 */
async function endUnfollowed({ tx, move, me }: Context): Promise<void> {
  const { rows } = await sql<{ id: string }>`DELETE FROM follows AS t WHERE t.follower_id = ${me}
    AND EXISTS (SELECT FROM members AS resident WHERE resident.id = t.followee_id AND resident.id <> ${me}
      AND resident.state NOT IN ('staged', 'leaving'))
    AND NOT EXISTS (SELECT FROM carried.follows AS seen WHERE seen.move = ${move.id}::bigint
      AND seen.follower_id = ${me} AND seen.followee_id = t.followee_id
      AND (seen.state <> 'pending' OR seen.activity_uri IS NOT DISTINCT FROM t.activity_uri
        OR string_to_array(seen.activity_uri, ' ') && string_to_array(t.activity_uri, ' ')))
    RETURNING t.followee_id AS id`.execute(tx)
  for (const { id } of rows)
    for (const kind of ['follow', 'follow_request'] as const)
      await unnotify(tx, { memberId: id, kind, accountId: move.member_id })
}

type Reactions = 'likes' | 'boosts'

// An array and no join: whatever the planner thinks of a move, the likes of everybody else's posts are not read.
const onOwnPosts = (me: RawBuilder<unknown>) =>
  sql`ANY (ARRAY(SELECT own.id FROM public.posts AS own WHERE own.account_id = ${me}))`

/** Of the staged likes or boosts, named `t`, those that are not here. A list and no join, for the same reason. */
export const notHere = (table: Reactions, me: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`(t.account_id, t.post_id) NOT IN (SELECT here.account_id, here.post_id FROM public.${sql.id(table)} AS here
    WHERE here.post_id = ${onOwnPosts(me)})`

/**
 * Takes away likes of the member's posts that are not staged just so, but those of residents: only the author's home
 * keeps likes of others, so none is here but by this move. For `planForTwins`.
 */
export async function clearLikes({ tx, move, me, columns }: Context): Promise<void> {
  const cells = (table: string) =>
    sql.join((columns.get('likes') ?? []).map((name) => sql.ref(`${table}.${name}`)))
  await sql`DELETE FROM likes WHERE likes.post_id = ${onOwnPosts(me)} AND likes.account_id <> ${me}
    AND ${notOfResident(me, 'likes.account_id')}
    AND NOT EXISTS (SELECT FROM carried.likes AS t WHERE t.move = ${move.id}::bigint
      AND t.account_id = likes.account_id AND t.post_id = likes.post_id
      AND (${cells('t')}) IS NOT DISTINCT FROM (${cells('likes')}))`.execute(tx)
}

/** Likes of placed posts by people of other servers, of which there may be very many. For `planForTwins`. */
export async function placeLikes(context: Context): Promise<void> {
  await clearLikes(context)
  await bring(context, 'likes', {
    where: sql`${notHere('likes', context.me)}
      AND EXISTS (SELECT FROM accounts WHERE accounts.id = t.account_id AND accounts.domain IS NOT NULL)
      AND EXISTS (SELECT FROM carried.placed WHERE placed.move = t.move AND placed.id = t.post_id)`,
  })
}

/** What `placeLikes` placed. */
export async function takeBackLikes(
  tx: InstanceTransaction,
  move: Pick<LocalMove, 'id' | 'member_id'>,
): Promise<void> {
  await sql`DELETE FROM likes USING posts, accounts, carried.placed
    WHERE placed.move = ${move.id}::bigint AND posts.id = placed.id AND posts.account_id = ${move.member_id}::bigint
      AND likes.post_id = posts.id AND accounts.id = likes.account_id AND accounts.domain IS NOT NULL`.execute(
    tx,
  )
}

/**
 * Takes away boosts that were placed and are not staged just so. Others may have come here by themselves, for a resident
 * who follows whoever boosted, and stay as they are. For `planForTwins`.
 */
export async function clearBoosts({ tx, move, columns }: Context): Promise<void> {
  const cells = (of: string) =>
    sql.join((columns.get('boosts') ?? []).map((name) => sql.ref(`${of}.${name}`)))
  await sql`DELETE FROM boosts USING carried.placed_boosts AS placed
    WHERE placed.move = ${move.id}::bigint AND placed.id = boosts.id
      AND NOT EXISTS (SELECT FROM carried.boosts AS t WHERE t.move = placed.move AND t.id = boosts.id
        AND (${cells('t')}) IS NOT DISTINCT FROM (${cells('boosts')}))`.execute(tx)
}

/** Boosts of placed posts by people of other servers. For `planForTwins`. */
export async function placeBoosts(context: Context): Promise<void> {
  const { tx, move, me, columns } = context
  await clearBoosts(context)
  const list = sql.join((columns.get('boosts') ?? []).map((name) => sql.id(name)))
  await sql`WITH put AS (INSERT INTO public.boosts (${list})
      SELECT ${list} FROM carried.boosts AS t WHERE t.move = ${move.id}::bigint AND ${notHere('boosts', me)}
        AND EXISTS (SELECT FROM accounts WHERE accounts.id = t.account_id AND accounts.domain IS NOT NULL)
        AND EXISTS (SELECT FROM carried.placed WHERE placed.move = t.move AND placed.id = t.post_id)
      ON CONFLICT DO NOTHING RETURNING id)
    INSERT INTO carried.placed_boosts (move, id) SELECT ${move.id}::bigint, id FROM put
    ON CONFLICT DO NOTHING`.execute(tx)
}

/** What `placeBoosts` placed. If somebody here follows whoever boosted, it may have come for them meanwhile, and stays. */
export async function takeBackBoosts(tx: InstanceTransaction, move: Pick<LocalMove, 'id'>): Promise<void> {
  await sql`DELETE FROM boosts USING carried.placed_boosts AS placed
    WHERE placed.move = ${move.id}::bigint AND placed.id = boosts.id AND NOT EXISTS (
      SELECT FROM follows JOIN members ON members.id = follows.follower_id
      WHERE follows.followee_id = boosts.account_id AND follows.state = 'accepted')`.execute(tx)
}
