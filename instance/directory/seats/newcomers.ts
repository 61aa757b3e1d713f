// Where somebody who comes may get a seat.
import { sql } from 'kysely'
import type { DirectoryTransaction } from '../../store/database.ts'
import type { InstanceInfo } from '../homes.ts'
import { freeSeats, membersToMove } from './placement.ts'

/**
 * The instances; none where all seats that are free are needed by members who have to move. As many sign-ups as there may
 * be leave those enough: what a newcomer takes is beyond that, and a move takes one seat and needs one less.
 */
export async function instancesForNewcomers(tx: DirectoryTransaction): Promise<readonly InstanceInfo[]> {
  const instances = await readInstances(tx)
  const { keep_seats, per_instance } = await tx
    .selectFrom('settings')
    .select(['keep_seats', 'per_instance'])
    .executeTakeFirstOrThrow()
  if (!keep_seats) return instances
  const { rows: leaving } = await sql<{ ordinal: number; many: number }>`
    SELECT CASE step WHEN 'undoing' THEN target ELSE source END AS ordinal, count(*)::int AS many
    FROM moves WHERE step NOT IN ('done', 'undone') GROUP BY 1`.execute(tx)
  const kept = membersToMove(
    instances,
    per_instance,
    new Map(leaving.map(({ ordinal, many }) => [ordinal, many])),
  )
  return kept === 0 || freeSeats(instances, per_instance) > kept ? instances : []
}

async function readInstances(tx: DirectoryTransaction): Promise<InstanceInfo[]> {
  const rows = await tx
    .selectFrom('instances')
    .select(['ordinal', 'address', 'state', 'cap', 'taken'])
    .execute()
  return rows.map((row) => ({ ...row, state: row.state as InstanceInfo['state'] }))
}
