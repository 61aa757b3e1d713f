// The other side answers a resident's follow.
import type { Instance } from '../../../../instance.ts'
import { isResident } from '../../../../members/people.ts'
import { ownAddress } from '../../../documents/addresses.ts'
import { readAccount } from '../../../resolve/store.ts'
import { type Incoming, idOf, isObject, typeOf } from '../../activity.ts'
import type { Effect } from '../effect.ts'

/** Which resident follows the actor by the follow that is answered: named by its id, or only by who and whom. */
async function answered(
  instance: Instance,
  activity: Incoming,
): Promise<{ followerId: string; followeeId: string } | undefined> {
  const followee = await readAccount(instance.db, { uri: activity.actor })
  if (!followee) return undefined
  const { object } = activity
  const id = idOf(object)
  const who = isObject(object) && typeOf(object) === 'Follow' ? idOf(object.actor) : undefined
  const named = [who, id].map((uri) => uri && ownAddress(instance.config.origin, uri)).find((own) => own)
  if (!named || !('handle' in named)) return undefined
  const home = instance.homes.byHandle(named.handle)
  if (!home || !isResident(instance, home.id)) return undefined
  return { followerId: home.id, followeeId: followee.id }
}

export const accept: Effect = async ({ instance, activity, commit }) => {
  const edge = await answered(instance, activity)
  if (!edge) return commit([], async () => undefined)
  return commit([edge.followerId], async (tx) => {
    await tx
      .updateTable('follows')
      .set({ state: 'accepted' })
      .where('follower_id', '=', edge.followerId)
      .where('followee_id', '=', edge.followeeId)
      .execute()
  })
}

export const reject: Effect = async ({ instance, activity, commit }) => {
  const edge = await answered(instance, activity)
  if (!edge) return commit([], async () => undefined)
  return commit([edge.followerId], async (tx) => {
    await tx
      .deleteFrom('follows')
      .where('follower_id', '=', edge.followerId)
      .where('followee_id', '=', edge.followeeId)
      .execute()
  })
}
