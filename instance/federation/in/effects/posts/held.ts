// Likes and boosts are held by the activities that made them, so that undoing an old one leaves a newer one in force.
import type { InstanceTransaction } from '../../../../store/database.ts'
import type { Incoming } from '../../activity.ts'
import { withUri } from '../../apply/uris.ts'
import { isBuried } from '../tombstones.ts'

/**
 * The column `activity_uri` of this account's like or boost of the post, once this activity holds it too; undefined if
 * the activity was undone before it came. Locks the row if there is one.
 */
export async function heldWith(
  tx: InstanceTransaction,
  table: 'likes' | 'boosts',
  edge: { readonly accountId: string; readonly postId: string },
  activity: Incoming,
): Promise<string | undefined> {
  if (await isBuried(tx, activity.id, activity.actor)) return undefined
  const known = await tx
    .selectFrom(table)
    .select('activity_uri')
    .where('account_id', '=', edge.accountId)
    .where('post_id', '=', edge.postId)
    .forUpdate()
    .executeTakeFirst()
  return withUri(known?.activity_uri ?? null, activity.id)
}
