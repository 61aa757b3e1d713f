// Which residents a post from elsewhere concerns.
import type { Instance } from '../../instance.ts'
import { isResident } from '../../members/people.ts'
import type { RemoteNote } from '../remote/note.ts'

/** Ids of residents that the post names or addresses. */
export async function residentsNamed(
  instance: Pick<Instance, 'db' | 'homes' | 'config'>,
  note: Pick<RemoteNote, 'mentions'>,
): Promise<string[]> {
  if (note.mentions.length === 0) return []
  const rows = await instance.db
    .selectFrom('accounts')
    .select('id')
    .where('uri', 'in', [...note.mentions])
    .where('domain', 'is', null)
    .execute()
  return rows.map((row) => row.id).filter((id) => isResident(instance, id))
}

/**
 * Whether somebody here follows this actor, or has asked to, so that what the actor says is wanted: by another pod it may
 * come before the answer, and it comes once. Until there is one nobody is shown it for that.
 */
export async function isFollowedHere({ db }: Pick<Instance, 'db'>, actor: string): Promise<boolean> {
  const followed = await db
    .selectFrom('follows')
    .innerJoin('accounts', 'accounts.id', 'follows.followee_id')
    .innerJoin('members', 'members.id', 'follows.follower_id')
    .select('follows.follower_id')
    .where('accounts.uri', '=', actor)
    .limit(1)
    .executeTakeFirst()
  return followed !== undefined
}
