// Pictures in the home's database: addressed by content, so that what an address gives never changes.
import { sql } from 'kysely'
import type { InstanceDatabase, InstanceTransaction } from '../store/database.ts'
import type { Picture } from './picture.ts'

/** Earlier pictures stay for a while, because other servers show them until they hear of the new one. */
const KEPT = 5

export const mediaUrl = (origin: string, memberId: string, sha256: string): string =>
  `${origin}/media/${memberId}/${sha256}`

export async function storePicture(
  tx: InstanceTransaction,
  memberId: string,
  picture: Picture,
): Promise<void> {
  const { sha256, bytes, width, height } = picture
  await tx
    .insertInto('media')
    .values({ member_id: memberId, sha256, content_type: picture.contentType, bytes, width, height })
    .onConflict((conflict) =>
      conflict.columns(['member_id', 'sha256']).doUpdateSet({ created_at: sql`now()` }),
    )
    .execute()
  await tx
    .deleteFrom('media')
    .where('member_id', '=', memberId)
    .where('sha256', 'not in', (eb) =>
      eb
        .selectFrom('media')
        .select('sha256')
        .where('member_id', '=', memberId)
        .orderBy('created_at', 'desc')
        .limit(KEPT),
    )
    .execute()
}

export function readPicture(
  db: InstanceDatabase,
  memberId: string,
  sha256: string,
): Promise<{ content_type: string; bytes: Buffer } | undefined> {
  return db
    .selectFrom('media')
    .select(['content_type', 'bytes'])
    .where('member_id', '=', memberId)
    .where('sha256', '=', sha256)
    .executeTakeFirst()
}
