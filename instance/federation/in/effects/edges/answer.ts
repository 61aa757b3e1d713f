// The other side answers a resident's follow.
import { sql } from 'kysely'
import type { Instance } from '../../../../instance.ts'
import { isResident } from '../../../../members/people.ts'
import { ownAddress } from '../../../documents/addresses.ts'
import { readAccount } from '../../../resolve/store.ts'
import { type Incoming, idOf, isObject, typeOf } from '../../activity.ts'
import type { Effect } from '../effect.ts'

type Answered = {
  readonly followerId: string
  readonly followeeId: string
  /** The activity that is answered, if it is one of the resident's; other servers also make ids up. */
  readonly uri: string | null
}

/** Which resident follows the actor by the follow that is answered: named by its id, or only by who and whom. */
async function answered(instance: Instance, activity: Incoming): Promise<Answered | undefined> {
  const followee = await readAccount(instance.db, { uri: activity.actor })
  if (!followee) return undefined
  const { object } = activity
  const id = idOf(object)
  const own = (uri: string | undefined) =>
    uri === undefined ? undefined : ownAddress(instance.config.origin, uri)
  const who = isObject(object) && typeOf(object) === 'Follow' ? idOf(object.actor) : undefined
  const named = own(who) ?? own(id)
  if (!named || !('handle' in named)) return undefined
  const home = instance.homes.byHandle(named.handle)
  if (!home || !isResident(instance, home.id)) return undefined
  const uri = id !== undefined && own(id)?.kind === 'activity' ? id : null
  return { followerId: home.id, followeeId: followee.id, uri }
}

/**
 * The edge that is answered, and not one that the resident made anew after taking back the one that is named. Mastodon
 * and GoToSocial name the newest follow that they know of.
 */
const isAnswered = ({ followerId, followeeId, uri }: Answered) => sql<boolean>`
  follower_id = ${followerId}::bigint AND followee_id = ${followeeId}::bigint AND (${uri}::text IS NULL
    OR activity_uri IS NULL OR ${uri} = ANY (string_to_array(activity_uri, ' ')))`

export const accept: Effect = async ({ instance, activity, commit }) => {
  const edge = await answered(instance, activity)
  if (!edge) return commit([], async () => undefined)
  return commit([edge.followerId], async (tx) => {
    await tx.updateTable('follows').set({ state: 'accepted' }).where(isAnswered(edge)).execute()
  })
}

export const reject: Effect = async ({ instance, activity, commit }) => {
  const edge = await answered(instance, activity)
  if (!edge) return commit([], async () => undefined)
  return commit([edge.followerId], async (tx) => {
    await tx.deleteFrom('follows').where(isAnswered(edge)).execute()
  })
}
