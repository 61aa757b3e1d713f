// Ids of posts that a member's apps and links remember from an earlier home.
import type { InstanceDatabase, InstanceTransaction } from '../store/database.ts'

/** The id that a post has here which was `oldId` where the member lived before; undefined if there is none. */
export async function aliasOf(
  db: Pick<InstanceDatabase | InstanceTransaction, 'selectFrom'>,
  memberId: string | undefined,
  oldId: string,
): Promise<string | undefined> {
  if (memberId === undefined) return undefined
  const row = await db
    .selectFrom('post_aliases')
    .select('post_id')
    .where('member_id', '=', memberId)
    .where('old_id', '=', oldId)
    .executeTakeFirst()
  return row?.post_id
}
