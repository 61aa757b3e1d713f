// The end of a try to deliver, written down: for the delivery, and for what is known of its host.
import { sql } from 'kysely'
import type { InstanceDatabase } from '../../../store/database.ts'
import type { SignatureForm } from '../../keys/sign.ts'
import type { LeasedDelivery } from '../lease.ts'
import { type DeliveryOutcome, openForS } from './outcome.ts'

const inSeconds = (seconds: number) => sql<Date>`now() + ${seconds} * interval '1 second'`

export async function settle(
  db: InstanceDatabase,
  delivery: LeasedDelivery,
  outcome: Exclude<DeliveryOutcome, { is: 'other-form' }>,
): Promise<void> {
  const row = <T extends { where(column: 'id' | 'lease', op: '=', value: string): T }>(query: T): T =>
    query.where('id', '=', delivery.id).where('lease', '=', delivery.lease)
  if (outcome.is === 'delivered') {
    await row(db.deleteFrom('deliveries')).execute()
    return
  }
  await row(
    db.updateTable('deliveries').set({
      lease: null,
      leased_until: null,
      last_error: outcome.why.slice(0, 500),
      ...(outcome.is === 'dead' ? { dead_at: sql<Date>`now()` } : { next_at: inSeconds(outcome.afterS) }),
    }),
  ).execute()
}

/** The form of signature that a host took. */
export async function noteSuccess(db: InstanceDatabase, host: string, form: SignatureForm): Promise<void> {
  await db
    .insertInto('hosts')
    .values({ host, signature_form: form })
    .onConflict((conflict) =>
      conflict.column('host').doUpdateSet({ signature_form: form, failures: 0, open_until: null }),
    )
    .execute()
}

/** One more failure in a row. `waitS`: the host itself asked to be left alone for so long. */
export async function noteFailure(
  db: InstanceDatabase,
  host: string,
  random: () => number,
  waitS?: number,
): Promise<void> {
  const { failures } = await db
    .insertInto('hosts')
    .values({ host, failures: 1 })
    .onConflict((conflict) =>
      conflict.column('host').doUpdateSet({ failures: sql<number>`hosts.failures + 1` }),
    )
    .returning('failures')
    .executeTakeFirstOrThrow()
  const openS = waitS ?? openForS(failures, random)
  if (openS === undefined) return
  await db
    .updateTable('hosts')
    .set({ open_until: inSeconds(openS) })
    .where('host', '=', host)
    .execute()
}
