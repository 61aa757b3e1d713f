// Members who approve their followers answer the requests.
import { acceptActivity, rejectActivity } from '../federation/documents/activities.ts'
import { activityUri, actorAddresses } from '../federation/documents/addresses.ts'
import { newestUri, urisOf } from '../federation/in/apply/uris.ts'
import { bury } from '../federation/in/effects/tombstones.ts'
import { answerKey } from '../federation/out/answers.ts'
import { queueActivity } from '../federation/out/queue.ts'
import type { Instance } from '../instance.ts'
import { notify, unnotify } from '../notifications/notify.ts'
import { type Refusal, refuse } from '../refusal.ts'
import { asMemberTouching } from '../store/as-member.ts'
import { nextId } from '../store/ids.ts'
import type { Member } from './follow.ts'
import { isResident } from './people.ts'

/** Accepts or rejects a pending follower, and lets their home know. `not-found` if nobody asks any more. */
export async function answerRequest(
  instance: Instance,
  member: Member,
  followerId: string,
  answer: 'accept' | 'reject',
): Promise<{ done: true } | Refusal> {
  const resident = isResident(instance, followerId)
  return asMemberTouching(instance, member, resident ? [followerId] : [], async (tx) => {
    const edge = await tx
      .selectFrom('follows')
      .innerJoin('accounts', 'accounts.id', 'follows.follower_id')
      .select(['follows.activity_uri', 'accounts.uri'])
      .where('followee_id', '=', member.id)
      .where('follower_id', '=', followerId)
      .where('state', '=', 'pending')
      .forUpdate('follows')
      .executeTakeFirst()
    if (!edge) return refuse('not-found')
    const row = (kind: 'follow' | 'follow_request') => ({ memberId: member.id, kind, accountId: followerId })
    await unnotify(tx, row('follow_request'))
    if (answer === 'accept') {
      await tx
        .updateTable('follows')
        .set({ state: 'accepted' })
        .where('follower_id', '=', followerId)
        .where('followee_id', '=', member.id)
        .execute()
      await notify(tx, row('follow'))
    } else {
      await tx
        .deleteFrom('follows')
        .where('follower_id', '=', followerId)
        .where('followee_id', '=', member.id)
        .execute()
      // The same wish may come once more: from a home that the member has left, or that was not told it was heard.
      for (const uri of urisOf(edge.activity_uri)) await bury(tx, uri, edge.uri, member.id)
    }
    const document = answer === 'accept' ? acceptActivity : rejectActivity
    await queueActivity(tx, instance, {
      memberId: member.id,
      activity: document({
        id: activityUri(instance.config.origin, member.handle, await nextId(tx)),
        actor: actorAddresses(instance.config.origin, member.handle).actor,
        follow: { id: newestUri(edge.activity_uri), actor: edge.uri },
      }),
      orderingKey: answerKey(member.id, followerId),
      recipients: { accounts: [followerId] },
    })
    return { done: true as const }
  })
}
