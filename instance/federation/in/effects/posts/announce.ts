// Somebody from elsewhere boosts: a resident's post, or any post while a resident follows the booster.
import type { Instance } from '../../../../instance.ts'
import { isResident } from '../../../../members/people.ts'
import { notify } from '../../../../notifications/notify.ts'
import { isRefusal } from '../../../../refusal.ts'
import { remotePostId } from '../../../../store/ids.ts'
import { ownAddress } from '../../../documents/addresses.ts'
import { audienceOf, dateOf } from '../../../remote/note.ts'
import { resolveAccount } from '../../../resolve/account.ts'
import { resolvePost } from '../../../resolve/post.ts'
import { isFollowedHere } from '../../../resolve/residents.ts'
import { idOf, idsOf } from '../../activity.ts'
import { DONE, type Effect, later } from '../effect.ts'
import { isBuried } from '../tombstones.ts'
import { heldWith } from './held.ts'

export const announce: Effect = async ({ instance, activity, commit }) => {
  const nothing = () => commit([], async () => undefined)
  const uri = idOf(activity.object)
  if (!uri || !(await isWanted(instance, uri, activity.actor))) return nothing()
  if (await isBuried(instance.db, activity.id, activity.actor)) return nothing()
  const post = await resolvePost(instance, uri)
  if (isRefusal(post))
    return post.code === 'unavailable' ? later('the boosted post cannot be had') : nothing()
  const booster = await resolveAccount(instance, activity.actor)
  if (isRefusal(booster))
    return booster.code === 'unavailable' ? later('the booster cannot be looked up') : DONE
  // A boost never carries a post further than its author let it go.
  if (post.visibility !== 'public' && post.visibility !== 'unlisted' && post.account_id !== booster.id)
    return nothing()
  const author = isResident(instance, post.account_id) ? [post.account_id] : []
  const published = dateOf(activity.raw.published)
  const visibility = audienceOf(
    { to: idsOf(activity.raw.to), cc: idsOf(activity.raw.cc) },
    booster.followers_uri,
  )
  return commit(author, async (tx) => {
    const there = await tx.selectFrom('posts').select('id').where('id', '=', post.id).executeTakeFirst()
    if (!there) return
    const uris = await heldWith(tx, 'boosts', { accountId: booster.id, postId: post.id }, activity)
    if (uris === undefined) return
    const received = instance.clock()
    await tx
      .insertInto('boosts')
      .values({
        id: boostId(instance, activity.id, published, received),
        account_id: booster.id,
        post_id: post.id,
        visibility,
        activity_uri: uris,
        created_at: published && published < received ? published : received,
      })
      .onConflict((conflict) =>
        conflict.columns(['account_id', 'post_id']).doUpdateSet({ activity_uri: uris }),
      )
      .execute()
    for (const memberId of author) {
      await notify(tx, { memberId, kind: 'boost', accountId: booster.id, postId: post.id })
    }
  })
}

/** A sibling's boost keeps the id in its URI, as its posts do. */
function boostId(instance: Instance, uri: string, published: Date | undefined, received: Date): string {
  const own = ownAddress(instance.config.origin, uri)
  return own?.kind === 'activity' ? own.id : remotePostId(instance.secret, uri, published, received)
}

async function isWanted(instance: Instance, uri: string, actor: string): Promise<boolean> {
  const known = await instance.db
    .selectFrom('posts')
    .select('account_id')
    .where('uri', '=', uri)
    .executeTakeFirst()
  if (known && isResident(instance, known.account_id)) return true
  return isFollowedHere(instance, actor)
}
