// A member deletes a post of theirs.
import { deleteActivity } from '../federation/documents/activities.ts'
import { actorAddresses } from '../federation/documents/addresses.ts'
import type { ObjectJson } from '../federation/documents/json.ts'
import { queueActivity } from '../federation/out/queue.ts'
import type { Instance } from '../instance.ts'
import { type Refusal, refuse } from '../refusal.ts'
import { asMember } from '../store/as-member.ts'
import type { InstanceTransaction } from '../store/database.ts'
import type { Author } from './write.ts'

/**
 * The post goes, with its likes, boosts and what was told about it; a tombstone stays, so that its address answers
 * 410, and everybody who may have a copy is told. Deleting it again is no error while the tombstone is known.
 */
export async function deletePost(
  instance: Instance,
  author: Author,
  postId: string,
): Promise<{ deleted: true } | Refusal> {
  const { actor } = actorAddresses(instance.config.origin, author.handle)
  return asMember(instance, author, async (tx) => {
    const post = await tx
      .selectFrom('posts')
      .select(['id', 'uri', 'visibility', 'object_json'])
      .where('id', '=', postId)
      .where('account_id', '=', author.id)
      .forUpdate()
      .executeTakeFirst()
    if (!post) return refuse('not-found')
    const holders = await holdersOf(tx, post)
    await tx.deleteFrom('posts').where('id', '=', post.id).execute()
    await tx
      .insertInto('tombstones')
      .values({ uri: post.uri, actor_uri: actor, member_id: author.id })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    // What is only for an instance was sent to nobody, but is read there, and is kept wherever its author has lived.
    const note = post.object_json === null ? undefined : (JSON.parse(post.object_json) as ObjectJson)
    await queueActivity(tx, instance, {
      memberId: author.id,
      activity: deleteActivity(note ?? { id: post.uri, type: 'Note', attributedTo: actor }),
      orderingKey: post.uri,
      recipients: {
        followers: note !== undefined && post.visibility !== 'direct',
        accounts: note ? holders : [],
        // Of whatever visibility: it may still be on its way to where a follower lived when it was written.
        public: true,
      },
    })
    return { deleted: true as const }
  })
}

/** Whoever may have a copy without following: the named, and who liked, boosted or answered. */
export async function holdersOf(
  tx: InstanceTransaction,
  post: { id: string; uri: string },
): Promise<string[]> {
  const rows = await tx
    .selectFrom('mentions')
    .select('account_id')
    .where('post_id', '=', post.id)
    .union(tx.selectFrom('likes').select('account_id').where('post_id', '=', post.id))
    .union(tx.selectFrom('boosts').select('account_id').where('post_id', '=', post.id))
    .union(tx.selectFrom('posts').select('account_id').where('in_reply_to_uri', '=', post.uri))
    .execute()
  return rows.map((row) => row.account_id)
}
