// A directory restored from an older copy must not be believed: each home remembers the newest one it saw.
import { sql } from 'kysely'
import type { InstanceDatabase } from '../store/database.ts'

export type Seen = { readonly incarnation: number; readonly revision: bigint }

/** Is `found` older than what was seen? A repaired directory has a higher incarnation, and its revisions start anew. */
export function isRegression(seen: Seen, found: Seen): boolean {
  return (
    found.incarnation < seen.incarnation ||
    (found.incarnation === seen.incarnation && found.revision < seen.revision)
  )
}

export async function readSeen(db: InstanceDatabase): Promise<Seen> {
  const row = await db
    .selectFrom('home')
    .select(['directory_incarnation', 'directory_revision'])
    .executeTakeFirstOrThrow()
  return { incarnation: row.directory_incarnation, revision: BigInt(row.directory_revision) }
}

/** Remembers `found`, unless a newer one was noted meanwhile. */
export async function noteSeen(db: InstanceDatabase, found: Seen): Promise<void> {
  const revision = String(found.revision)
  await db
    .updateTable('home')
    .set({ directory_incarnation: found.incarnation, directory_revision: revision })
    .where(
      sql<boolean>`(directory_incarnation, directory_revision) < (${found.incarnation}, ${revision}::bigint)`,
    )
    .execute()
}
