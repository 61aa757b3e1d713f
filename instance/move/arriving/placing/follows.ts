// Who follows whom when the member arrives: an edge lives at both homes, and the two may be a moment apart.
import { sql } from 'kysely'
import { notify, unnotifyFollow } from '../../../notifications/notify.ts'
import { bring, type Context, isStagedSo, livesHere } from './bring.ts'

const isResident = (context: Context, column: string) => sql`EXISTS (SELECT FROM members AS resident
  WHERE resident.id = ${sql.ref(column)} AND ${livesHere(context)})`

/** Takes away the member's edges with people elsewhere that are not staged just so. For `planForTwins`. */
export async function clearEdges(context: Context): Promise<void> {
  const { tx, move, me, columns } = context
  await sql`DELETE FROM follows WHERE ${me} IN (follower_id, followee_id)
    AND NOT EXISTS (SELECT FROM members AS resident WHERE ${livesHere(context)}
      AND resident.id IN (follows.follower_id, follows.followee_id))
    AND NOT EXISTS (SELECT FROM carried.follows AS t WHERE t.move = ${move.id}::bigint
      AND t.follower_id = follows.follower_id AND t.followee_id = follows.followee_id
      AND ${isStagedSo(columns, 'follows')})`.execute(tx)
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
  // Whom the member has turned away, which is still on its way here.
  await sql`DELETE FROM follows USING carried.tombstones AS refused
    WHERE refused.move = ${move.id}::bigint AND follows.followee_id = ${me} AND follows.state = 'pending'
      AND ${isResident(context, 'follows.follower_id')}
      AND refused.uri = ANY (string_to_array(follows.activity_uri, ' '))`.execute(tx)
  await bring(context, 'follows', {
    where: sql`NOT (${isResident(context, 't.follower_id')} OR ${isResident(context, 't.followee_id')})`,
  })
  // Asked, and not answered: who was asked may be on the way out before it comes, and it must be found when they answer.
  await bring(context, 'follows', {
    where: sql`t.follower_id = ${me} AND t.state = 'pending' AND ${isResident(context, 't.followee_id')}
      AND NOT EXISTS (SELECT FROM tombstones AS refused
        WHERE refused.member_id = t.followee_id AND refused.uri = ANY (string_to_array(t.activity_uri, ' ')))`,
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
 * they asked anew since, by an activity that is not here yet either: that request is brought along afterwards.
 */
async function endUnfollowed(context: Context): Promise<void> {
  const { tx, move, me } = context
  const { rows } = await sql<{ id: string }>`DELETE FROM follows AS t WHERE t.follower_id = ${me}
    AND ${isResident(context, 't.followee_id')}
    AND NOT EXISTS (SELECT FROM carried.follows AS seen WHERE seen.move = ${move.id}::bigint
      AND seen.follower_id = ${me} AND seen.followee_id = t.followee_id
      AND (seen.state <> 'pending' OR seen.activity_uri IS NOT DISTINCT FROM t.activity_uri
        OR string_to_array(seen.activity_uri, ' ') && string_to_array(t.activity_uri, ' ')))
    RETURNING t.followee_id AS id`.execute(tx)
  for (const { id } of rows) await unnotifyFollow(tx, { memberId: id, accountId: move.member_id })
}
