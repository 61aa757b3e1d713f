// A directory that was rebuilt numbers every stay anew, so that no copy from before it can pass for a newer one.
import { sql } from 'kysely'
import type { InstanceDatabase } from '../store/database.ts'

/** How far a rebuild raises all epochs: further than anybody moves between two rebuilds. */
export const EPOCHS_PER_INCARNATION = 1_000

/**
 * Whether two epochs are of the same stay at one home. A move raises an epoch by one, a rebuild by so much that what is
 * left of a division by it stays.
 */
export const isSameStay = (one: number, other: number): boolean =>
  (one - other) % EPOCHS_PER_INCARNATION === 0

type Stay = { readonly id: string; readonly epoch: number }
type Numbered = Stay & { readonly home: number }

/** Whether a directory has given a new number to a stay of somebody who is here. */
export function isRenumbered(residents: readonly Stay[], members: readonly Numbered[]): boolean {
  const epochs = new Map(members.map(({ id, epoch }) => [id, epoch]))
  return residents.some(({ id, epoch }) => {
    const now = epochs.get(id) ?? 0
    return now > epoch && isSameStay(now, epoch)
  })
}

/**
 * Takes over the epochs of a rebuilt directory for those who live here by it, and were here before. What a restore of
 * this database brought back of an earlier stay is left as it is: its epoch is not of the stay that goes on. Doing it
 * again changes nothing.
 */
export async function adoptEpochs(db: InstanceDatabase, members: readonly Numbered[]): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const { ordinal } = await tx.selectFrom('identity').select('ordinal').executeTakeFirstOrThrow()
    const here = members.filter(({ home }) => home === ordinal)
    const numbered = sql`unnest(${here.map(({ id }) => id)}::bigint[], ${here.map(({ epoch }) => epoch)}::integer[])
      AS numbered (id, epoch)`
    // First, as whoever thaws somebody does: their epoch in the row of the move and in their own must change as one.
    await sql`SELECT FROM moves WHERE side = 'source' AND state IN ('logging', 'quiet', 'frozen')
      ORDER BY id FOR UPDATE`.execute(tx)
    await sql`WITH adopted AS (
        UPDATE members SET epoch = numbered.epoch FROM ${numbered}, members AS old
        WHERE members.id = numbered.id AND old.id = members.id AND members.state NOT IN ('staged', 'leaving')
          AND numbered.epoch > members.epoch
          AND (numbered.epoch - members.epoch) % ${sql.lit(EPOCHS_PER_INCARNATION)} = 0
        RETURNING members.id, members.epoch, old.epoch AS before)
      UPDATE moves SET epoch = adopted.epoch FROM adopted
      WHERE moves.member_id = adopted.id AND moves.epoch = adopted.before AND moves.side = 'source'
        AND moves.state IN ('logging', 'quiet', 'frozen')`.execute(tx)
  })
}
