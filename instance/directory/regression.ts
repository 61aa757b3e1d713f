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

/**
 * So far ahead of a directory that has forgotten something is the one that knew it taken to be: no change of it makes up
 * for that.
 */
const AHEAD = 1_000_000_000n

/** The newest directory seen, where `found` was proved to be older. */
export const laterDirectory = ({ incarnation, revision }: Seen): Seen => ({
  incarnation,
  revision: revision + AHEAD,
})

type Stay = { readonly id: string; readonly epoch: number }
type Resident = Stay & { readonly state: string }

/**
 * What was seen, when a directory does not know somebody who lives here, or only an earlier stay of theirs: one that was
 * newer, whatever its revision. A restored directory counts on from where it was, and may have come to where it had been.
 * Nobody is `leaving` but by a directory that knew a later stay: one that does not would have them wait here for ever.
 */
export function laterThan(
  found: Seen & { readonly members: readonly Stay[] },
  residents: readonly Resident[],
): Seen | undefined {
  const epochs = new Map(found.members.map(({ id, epoch }) => [id, epoch]))
  return residents.some(({ id, epoch, state }) => {
    const known = epochs.get(id) ?? 0
    if (state === 'leaving') return known <= epoch
    // Of a sign-up that is not over the directory may know nothing any more.
    return state !== 'pending' && known < epoch
  })
    ? laterDirectory(found)
    : undefined
}

/** Whoever is here, and is not only coming. */
export function readResidents(db: InstanceDatabase): Promise<Resident[]> {
  return db.selectFrom('members').select(['id', 'epoch', 'state']).where('state', '<>', 'staged').execute()
}

/**
 * Whoever has left and is kept aside. They left by a directory that knew where to, and which this home has not noted to
 * have seen, perhaps: one that does not know it would say that they live here, where they are missing.
 */
export async function readKept(db: InstanceDatabase): Promise<Resident[]> {
  const { rows } = await sql<Resident>`
    SELECT kept.id::text AS id, max(moves.epoch) AS epoch, 'leaving' AS state
    FROM carried.members AS kept JOIN moves ON moves.id = kept.move AND moves.side = 'source' AND moves.state = 'demoted'
    GROUP BY kept.id`.execute(db)
  return rows
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
