// Who likes and boosts the member's posts. Of people of other servers there may be very many, so theirs are placed ahead.
import { type RawBuilder, sql } from 'kysely'
import type { InstanceTransaction } from '../../../store/database.ts'
import type { LocalMove } from '../../fence.ts'
import { bring, type Context, isStagedSo, notOfResident } from './bring.ts'

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
export async function clearLikes(context: Context): Promise<void> {
  const { tx, move, me, columns } = context
  await sql`DELETE FROM likes WHERE likes.post_id = ${onOwnPosts(me)} AND likes.account_id <> ${me}
    AND ${notOfResident(context, 'likes.account_id')}
    AND NOT EXISTS (SELECT FROM carried.likes AS t WHERE t.move = ${move.id}::bigint
      AND t.account_id = likes.account_id AND t.post_id = likes.post_id
      AND ${isStagedSo(columns, 'likes')})`.execute(tx)
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
  await sql`DELETE FROM boosts USING carried.placed_boosts AS placed
    WHERE placed.move = ${move.id}::bigint AND placed.id = boosts.id
      AND NOT EXISTS (SELECT FROM carried.boosts AS t WHERE t.move = placed.move AND t.id = boosts.id
        AND ${isStagedSo(columns, 'boosts')})`.execute(tx)
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
