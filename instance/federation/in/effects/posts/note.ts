// A post from elsewhere is made or changed. Both are the same: the newest version that came is kept.
import type { Instance } from '../../../../instance.ts'
import { isResident } from '../../../../members/people.ts'
import { notify } from '../../../../notifications/notify.ts'
import { isRefusal } from '../../../../refusal.ts'
import type { InstanceTransaction } from '../../../../store/database.ts'
import { type RemoteNote, readNote } from '../../../remote/note.ts'
import { resolveAccount } from '../../../resolve/account.ts'
import { isFollowedHere, residentsNamed } from '../../../resolve/residents.ts'
import { savePost } from '../../../resolve/save-post.ts'
import { sameOrigin } from '../../activity.ts'
import { DONE, type Effect, later } from '../effect.ts'

export const note: Effect = async ({ instance, activity, commit }) => {
  const nothing = () => commit([], async () => undefined)
  const post = readNote(activity.object)
  if (!post || post.author !== activity.actor || !sameOrigin(post.uri, activity.actor)) return nothing()
  // A change without a date cannot be put in order; polls send such ones with every vote.
  if (activity.type === 'Update' && !post.updated) return nothing()
  const named = await residentsNamed(instance, post)
  const parentAuthor = await residentAnswered(instance, post)
  if (named.length === 0 && !parentAuthor && !(await isWanted(instance, post))) return nothing()
  const author = await resolveAccount(instance, activity.actor)
  if (isRefusal(author)) {
    return author.code === 'unavailable' ? later('the author cannot be looked up') : nothing()
  }
  const told = parentAuthor ? [...new Set([...named, parentAuthor])] : named
  const toldBefore = await residentsTold(instance, post.uri)
  const outcome = await commit([...told, ...toldBefore], async (tx) => {
    const saved = await savePost(tx, instance, post, author)
    if (!saved || saved.stale) return
    await untell(tx, saved.id, told)
    for (const memberId of told) {
      await notify(tx, { memberId, kind: 'mention', accountId: author.id, postId: saved.id })
    }
  })
  return outcome.is === 'done' ? DONE : outcome
}

/** The resident whose post this answers. */
async function residentAnswered(instance: Instance, post: RemoteNote): Promise<string | undefined> {
  if (!post.inReplyTo) return undefined
  const parent = await instance.db
    .selectFrom('posts')
    .select('account_id')
    .where('uri', '=', post.inReplyTo)
    .executeTakeFirst()
  return parent && isResident(instance, parent.account_id) ? parent.account_id : undefined
}

/** Somebody here follows the author, or the post belongs to a thread that is here, or an older version of it is. */
async function isWanted(instance: Instance, post: RemoteNote): Promise<boolean> {
  if (await isFollowedHere(instance, post.author)) return true
  const uris = post.inReplyTo ? [post.uri, post.inReplyTo] : [post.uri]
  const known = await instance.db
    .selectFrom('posts')
    .select('id')
    .where('uri', 'in', uris)
    .limit(1)
    .executeTakeFirst()
  return known !== undefined
}

async function residentsTold(instance: Instance, uri: string): Promise<string[]> {
  const rows = await instance.db
    .selectFrom('notifications')
    .innerJoin('posts', 'posts.id', 'notifications.post_id')
    .select('notifications.member_id')
    .where('posts.uri', '=', uri)
    .where('notifications.kind', '=', 'mention')
    .execute()
  return rows.map((row) => row.member_id)
}

/** An edit that names somebody no longer takes back what they were told. */
async function untell(tx: InstanceTransaction, postId: string, told: readonly string[]): Promise<void> {
  let query = tx.deleteFrom('notifications').where('post_id', '=', postId).where('kind', '=', 'mention')
  if (told.length > 0) query = query.where('member_id', 'not in', [...told])
  await query.execute()
}
