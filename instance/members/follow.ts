// Following and unfollowing. An edge lives at both homes: here at once, at the other's by an activity.
import { followActivity, undoActivity } from '../federation/documents/activities.ts'
import { activityUri, actorAddresses } from '../federation/documents/addresses.ts'
import { queueActivity } from '../federation/out/queue.ts'
import type { Instance } from '../instance.ts'
import { notify, unnotifyFollow } from '../notifications/notify.ts'
import { buryOwn } from '../posts/react.ts'
import { type Refusal, refuse } from '../refusal.ts'
import { asMemberTouching } from '../store/as-member.ts'
import type { InstanceTransaction } from '../store/database.ts'
import { nextId } from '../store/ids.ts'
import { isResident } from './people.ts'

export type Member = { readonly id: string; readonly handle: string; readonly epoch: number }
export type FollowState = 'none' | 'pending' | 'accepted'

/**
 * Follows an account that is known here. Residents who approve their followers, and everybody elsewhere, answer
 * later: until then it is `pending`. Following twice is following once.
 */
export async function follow(
  instance: Instance,
  member: Member,
  accountId: string,
): Promise<{ state: FollowState } | Refusal> {
  if (accountId === member.id) return refuse('follow-yourself')
  const resident = isResident(instance, accountId)
  const home = instance.homes.byId(accountId)?.home
  return asMemberTouching(instance, member, resident ? [accountId] : [], async (tx) => {
    const target = await readTarget(tx, accountId)
    if (!target) return refuse('not-found')
    const state = resident && !target.approves ? 'accepted' : 'pending'
    const uri = activityUri(instance.config.origin, member.handle, await nextId(tx))
    const added = await tx
      .insertInto('follows')
      .values({ follower_id: member.id, followee_id: accountId, state, activity_uri: uri })
      .onConflict((conflict) => conflict.doNothing())
      .returning('state')
      .executeTakeFirst()
    if (!added) return { state: (await followState(tx, member.id, accountId)) ?? 'none' }
    if (resident) {
      const kind = state === 'accepted' ? 'follow' : 'follow_request'
      await notify(tx, { memberId: accountId, kind, accountId: member.id })
    } else {
      await queueActivity(tx, instance, {
        memberId: member.id,
        activity: followDocument(instance, member, target.uri, uri),
        orderingKey: edgeKey(member.id, accountId),
        recipients: { accounts: [accountId], homes: new Map(home === undefined ? [] : [[accountId, home]]) },
      })
    }
    return { state }
  })
}

/** Ends a follow, or takes back the wish for one. No error if there is none. */
export async function unfollow(
  instance: Instance,
  member: Member,
  accountId: string,
): Promise<{ state: FollowState } | Refusal> {
  const resident = isResident(instance, accountId)
  return asMemberTouching(instance, member, resident ? [accountId] : [], async (tx) => {
    const gone = await tx
      .deleteFrom('follows')
      .where('follower_id', '=', member.id)
      .where('followee_id', '=', accountId)
      .returning('activity_uri')
      .executeTakeFirst()
    if (!gone) return { state: 'none' as const }
    await buryOwn(tx, instance, member, gone.activity_uri)
    await unnotifyFollow(tx, { memberId: accountId, accountId: member.id })
    const target = await readTarget(tx, accountId)
    // To all homes if it is a member: wherever they lived since, the follow may still be on its way there.
    if (target) {
      // One made at sign-up has no activity's URI; the other side goes by actor and object then.
      const uri = gone.activity_uri ?? activityUri(instance.config.origin, member.handle, await nextId(tx))
      await queueActivity(tx, instance, {
        memberId: member.id,
        activity: undoActivity(followDocument(instance, member, target.uri, uri)),
        orderingKey: edgeKey(member.id, accountId),
        recipients: { accounts: [accountId], public: target.ours },
      })
    }
    return { state: 'none' as const }
  })
}

export async function followState(
  db: Pick<InstanceTransaction, 'selectFrom'>,
  followerId: string,
  followeeId: string,
): Promise<FollowState | undefined> {
  const row = await db
    .selectFrom('follows')
    .select('state')
    .where('follower_id', '=', followerId)
    .where('followee_id', '=', followeeId)
    .executeTakeFirst()
  return row?.state as FollowState | undefined
}

async function readTarget(tx: InstanceTransaction, accountId: string) {
  const row = await tx
    .selectFrom('accounts')
    .leftJoin('members', 'members.id', 'accounts.id')
    .select(['accounts.uri', 'accounts.domain', 'members.locked'])
    .where('accounts.id', '=', accountId)
    .executeTakeFirst()
  return row && { uri: row.uri, approves: row.locked === true, ours: row.domain === null }
}

/** Follow, undo and follow again must arrive in this order. */
const edgeKey = (from: string, to: string) => `follow:${from}:${to}`

const followDocument = (instance: Instance, member: Member, object: string, uri: string) =>
  followActivity({ id: uri, actor: actorAddresses(instance.config.origin, member.handle).actor, object })
