// Deliveries that are due, leased to one worker at a time.
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { InstanceDatabase } from '../../store/database.ts'
import { aloneIfUnended, isFree, LEASE_S } from '../held.ts'
import { restsAfterMove, restsForUndo } from '../in/apply/late.ts'
import { restsForAnswer } from './answers.ts'

export type LeasedDelivery = {
  readonly id: string
  readonly lease: string
  readonly outbox_id: string
  readonly member_id: string
  readonly handle: string
  readonly inbox: string
  readonly host: string
  /** Takings so far, this one included. */
  readonly attempts: number
  /** Whoever had it before never came to its end. */
  readonly unended: boolean
  readonly activity: unknown
  readonly signed: string | null
  readonly created_at: Date
  readonly signature_form: string | null
  /** Failures of the host in a row, before this try. */
  readonly host_failures: number | null
}

/**
 * At most one delivery for each ordering key and inbox, the oldest, so that what follows it waits for it. Hosts whose
 * circuit is open wait, and so does what belongs to members who are being moved, or have just come, and what is for
 * people who may just have unfollowed, or for servers that do not know yet that somebody there was let follow. A dead one
 * holds up nothing, and one that nobody came to the end of is taken alone.
 */
export async function leaseDeliveries(
  db: InstanceDatabase,
  { most, leaseS = LEASE_S }: { readonly most: number; readonly leaseS?: number },
): Promise<LeasedDelivery[]> {
  const lease = randomUUID()
  const { rows } = await sql<LeasedDelivery>`
    WITH due AS (
      SELECT d.id, d.leased_until IS NOT NULL AS unended FROM deliveries d
      JOIN members m ON m.id = d.member_id AND m.state IN ('active', 'suspended')
      LEFT JOIN hosts h ON h.host = d.host
      WHERE d.dead_at IS NULL AND d.next_at <= now() AND ${isFree('d')}
        AND (h.open_until IS NULL OR h.open_until <= now())
        AND NOT EXISTS (
          SELECT FROM moves q WHERE q.member_id = d.member_id AND q.side = 'source' AND q.state IN ('quiet', 'frozen'))
        AND NOT ${restsAfterMove} AND NOT ${restsForUndo} AND NOT ${restsForAnswer}
        AND NOT EXISTS (
          SELECT FROM deliveries e
          WHERE e.ordering_key = d.ordering_key AND e.inbox = d.inbox AND e.outbox_id < d.outbox_id
            AND e.dead_at IS NULL)
      ORDER BY d.next_at, d.id LIMIT ${most}
      FOR UPDATE OF d SKIP LOCKED
    ), taken AS (
      UPDATE deliveries SET lease = ${lease}, leased_until = now() + ${leaseS} * interval '1 second',
                            attempts = attempts + 1
      FROM (SELECT * FROM due WHERE ${aloneIfUnended}) AS free WHERE deliveries.id = free.id
      RETURNING deliveries.id, lease, outbox_id, member_id, inbox, host, attempts, unended
    )
    SELECT taken.*, members.handle, outbox.activity, outbox.signed, outbox.created_at, hosts.signature_form,
           hosts.failures AS host_failures
    FROM taken
    JOIN outbox ON outbox.id = taken.outbox_id
    JOIN members ON members.id = taken.member_id
    LEFT JOIN hosts ON hosts.host = taken.host
    ORDER BY taken.id`.execute(db)
  return rows
}

/** Gives back what was not tried. */
export async function releaseDelivery(db: InstanceDatabase, delivery: LeasedDelivery): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({ lease: null, leased_until: null, attempts: sql<number>`attempts - 1` })
    .where('id', '=', delivery.id)
    .where('lease', '=', delivery.lease)
    .execute()
}
