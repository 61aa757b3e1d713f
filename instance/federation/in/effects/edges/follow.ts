// Somebody from elsewhere follows a resident.
import { isResident } from '../../../../members/people.ts'
import { notify } from '../../../../notifications/notify.ts'
import { isRefusal } from '../../../../refusal.ts'
import { nextId } from '../../../../store/ids.ts'
import { acceptActivity } from '../../../documents/activities.ts'
import { activityUri, actorAddresses, ownAddress } from '../../../documents/addresses.ts'
import { answerKey } from '../../../out/answers.ts'
import { queueActivity } from '../../../out/queue.ts'
import { resolveAccount } from '../../../resolve/account.ts'
import { idOf } from '../../activity.ts'
import { urisOf, withUri } from '../../apply/uris.ts'
import { DONE, type Effect, later } from '../effect.ts'
import { isBuried } from '../tombstones.ts'

/**
 * How long an undone follow of another server keeps the same id from counting again. Late copies come within this; some
 * servers give every follow of the same two people the same id, and they must be able to follow again. Our own members'
 * follows have an id each, and a sibling that was down may hand one over much later.
 */
const REPEATS_MS = 60 * 60 * 1000
/** Two follows closer than this may have come in the wrong order, so the undoing of one leaves the other. */
const REORDER_MS = 60 * 60 * 1000

export const follow: Effect = async ({ instance, activity, commit }) => {
  const object = idOf(activity.object)
  const own = object && ownAddress(instance.config.origin, object)
  const home = own && own.kind === 'actor' ? instance.homes.byHandle(own.handle) : undefined
  if (!home || !isResident(instance, home.id)) return commit([], async () => undefined)
  const follower = await resolveAccount(instance, activity.actor)
  if (isRefusal(follower)) {
    return follower.code === 'unavailable' ? later('the follower cannot be looked up') : DONE
  }
  return commit([home.id], async (tx) => {
    const now = instance.clock()
    const isOurs = ownAddress(instance.config.origin, activity.id) !== undefined
    const since = isOurs ? undefined : new Date(now.getTime() - REPEATS_MS)
    if (await isBuried(tx, activity.id, activity.actor, since)) return
    const member = await tx
      .selectFrom('members')
      .select(['locked', 'handle'])
      .where('id', '=', home.id)
      .executeTakeFirstOrThrow()
    const edge = await tx
      .selectFrom('follows')
      .select(['state', 'activity_uri', 'created_at'])
      .where('follower_id', '=', follower.id)
      .where('followee_id', '=', home.id)
      .forUpdate()
      .executeTakeFirst()
    // A resident who came here while their follow was on its way has brought it along, unanswered.
    const answered = edge?.state === 'accepted' || member.locked
    const accept = async () =>
      queueActivity(tx, instance, {
        memberId: home.id,
        activity: acceptActivity({
          id: activityUri(instance.config.origin, member.handle, await nextId(tx)),
          actor: actorAddresses(instance.config.origin, member.handle).actor,
          follow: { id: activity.id, actor: activity.actor },
        }),
        orderingKey: answerKey(home.id, follower.id),
        recipients: { accounts: [follower.id] },
      })
    if (edge && answered && urisOf(edge.activity_uri).includes(activity.id)) {
      // A member whom somebody accepted on arriving here, when both seemed to live here: where they are they still ask.
      // Another server had its answer, and sees no move in a second one.
      if (edge.state === 'accepted' && isOurs) await accept()
      return
    }
    const recent = edge && now.getTime() - edge.created_at.getTime() < REORDER_MS
    const uris = withUri(recent ? edge.activity_uri : null, activity.id)
    const state = edge?.state === 'accepted' || !member.locked ? 'accepted' : 'pending'
    await tx
      .insertInto('follows')
      .values({ follower_id: follower.id, followee_id: home.id, state, activity_uri: uris, created_at: now })
      .onConflict((conflict) =>
        conflict
          .columns(['follower_id', 'followee_id'])
          .doUpdateSet({ state, activity_uri: uris, created_at: now }),
      )
      .execute()
    await notify(tx, {
      memberId: home.id,
      kind: state === 'accepted' ? 'follow' : 'follow_request',
      accountId: follower.id,
    })
    if (state === 'accepted') await accept()
  })
}
