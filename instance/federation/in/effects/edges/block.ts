// Somebody from elsewhere blocks a resident: neither follows the other any more.
import { isResident } from '../../../../members/people.ts'
import { ownAddress } from '../../../documents/addresses.ts'
import { readAccount } from '../../../resolve/store.ts'
import { idOf } from '../../activity.ts'
import type { Effect } from '../effect.ts'

/**
 * A block that comes after its own undoing, or once more, leaves what was made since that came. What is older ends all
 * the same: GoToSocial says by nothing else that the resident follows no more.
 */
export const block: Effect = async ({ instance, activity, commit }) => {
  const object = idOf(activity.object)
  const own = object && ownAddress(instance.config.origin, object)
  const home = own && own.kind === 'actor' ? instance.homes.byHandle(own.handle) : undefined
  const blocker = await readAccount(instance.db, { uri: activity.actor })
  if (!home || !blocker || !isResident(instance, home.id)) return commit([], async () => undefined)
  return commit([home.id], async (tx) => {
    await tx
      .deleteFrom('follows')
      .where((eb) =>
        eb.or([
          eb.and([eb('follower_id', '=', home.id), eb('followee_id', '=', blocker.id)]),
          eb.and([eb('follower_id', '=', blocker.id), eb('followee_id', '=', home.id)]),
        ]),
      )
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('tombstones')
              .select('uri')
              .where('uri', '=', activity.id)
              .where('actor_uri', '=', activity.actor)
              .whereRef('tombstones.created_at', '<=', 'follows.created_at'),
          ),
        ),
      )
      .execute()
  })
}
