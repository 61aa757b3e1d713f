// Somebody from elsewhere likes a resident's post. Receipts are kept with the post's author and nowhere else.
import { isResident } from '../../../../members/people.ts'
import { notify } from '../../../../notifications/notify.ts'
import { isRefusal } from '../../../../refusal.ts'
import { visibleTo } from '../../../../visibility/visibility.ts'
import { resolveAccount } from '../../../resolve/account.ts'
import { idOf } from '../../activity.ts'
import { DONE, type Effect, later } from '../effect.ts'
import { heldWith } from './held.ts'

export const like: Effect = async ({ instance, activity, commit }) => {
  const nothing = () => commit([], async () => undefined)
  const uri = idOf(activity.object)
  const post =
    uri &&
    (await instance.db
      .selectFrom('posts')
      .select(['id', 'account_id'])
      .where('uri', '=', uri)
      .executeTakeFirst())
  if (!post || !isResident(instance, post.account_id)) return nothing()
  const liker = await resolveAccount(instance, activity.actor)
  if (isRefusal(liker)) return liker.code === 'unavailable' ? later('the liker cannot be looked up') : DONE
  return commit([post.account_id], async (tx) => {
    const seen = await tx
      .selectFrom('posts')
      .select('id')
      .where('id', '=', post.id)
      // Where they live they may have read what its author, who has left, wrote for that instance alone.
      .where(visibleTo({ id: liker.id, ordinal: instance.homes.byId(liker.id)?.home }))
      .executeTakeFirst()
    if (!seen) return
    const uris = await heldWith(tx, 'likes', { accountId: liker.id, postId: post.id }, activity)
    if (uris === undefined) return
    await tx
      .insertInto('likes')
      .values({ account_id: liker.id, post_id: post.id, activity_uri: uris, created_at: instance.clock() })
      .onConflict((conflict) =>
        conflict.columns(['account_id', 'post_id']).doUpdateSet({ activity_uri: uris }),
      )
      .execute()
    await notify(tx, { memberId: post.account_id, kind: 'like', accountId: liker.id, postId: post.id })
  })
}
