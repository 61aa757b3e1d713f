// Takes due deliveries and sends them.
import type { Instance } from '../../instance.ts'
import { isDatabaseDown } from '../../store/failures.ts'
import type { ActivityJson } from '../documents/json.ts'
import { LEASE_S, MOST_TAKINGS, TAKEN_TOO_OFTEN, whileHeld } from '../held.ts'
import { startLoop, type Worker } from '../loop.ts'
import { type LeasedDelivery, leaseDeliveries, releaseDelivery } from './lease.ts'
import { normalised } from './try/normalise.ts'
import { send } from './try/send.ts'
import { noteFailure, noteSuccess, settle } from './try/settle.ts'

export type DeliveryOptions = {
  readonly random: () => number
  /** Sent at once. */
  readonly batch?: number
  /** After this a delivery of a worker that died is taken by another. Renewed while a try takes longer. */
  readonly leaseS?: number
}

const BATCH = 12

export function startDeliveries(instance: Instance, options: DeliveryOptions): Worker {
  const { random, batch = BATCH, leaseS = LEASE_S } = options
  const worker = startLoop({
    pollMs: 5_000,
    random,
    onError: (error) => {
      if (isDatabaseDown(error)) instance.log.warn({ err: error }, 'deliveries wait for the database')
      else instance.log.error({ err: error }, 'deliveries failed')
    },
    step: async (signal) => {
      const since = performance.now()
      const due = await leaseDeliveries(instance.db, { most: batch, leaseS })
      if (due.length === 0) return false
      const held = { table: 'deliveries', rows: due, since, leaseS } as const
      const ends = await whileHeld(instance, held, (lost) => {
        // Whoever holds it next may send what follows, which must not be overtaken by a try of this one's.
        const either = AbortSignal.any([signal, lost])
        // All end before an error is passed on, so that a stopped worker sends nothing any more.
        return Promise.allSettled(
          due.map((delivery) => deliver(instance, delivery, { signal: either, random })),
        )
      })
      for (const end of ends) if (end.status === 'rejected') throw end.reason
      return true
    },
  })
  const unlisten = instance.wake.listen('deliveries', worker.poke)
  return {
    poke: worker.poke,
    stop: async () => {
      unlisten()
      await worker.stop()
    },
  }
}

async function deliver(
  instance: Instance,
  delivery: LeasedDelivery,
  options: { readonly signal: AbortSignal; readonly random: () => number },
): Promise<void> {
  const { db } = instance
  if (options.signal.aborted) return releaseDelivery(db, delivery)
  const told = { delivery: delivery.id, taken: delivery.attempts }
  if (delivery.attempts > MOST_TAKINGS) {
    instance.log.warn(told, 'a delivery was given up: whoever took it never came to its end')
    return settle(db, delivery, { is: 'dead', why: TAKEN_TOO_OFTEN })
  }
  if (delivery.unended) instance.log.warn(told, 'whoever took a delivery never came to its end')
  try {
    const body = delivery.signed ?? (await signOnce(instance, delivery))
    const { outcome, form, hostFailed } = await send(instance, delivery, body, options)
    await settle(db, delivery, outcome)
    if (outcome.is === 'delivered') {
      if (delivery.signature_form !== form || delivery.host_failures)
        await noteSuccess(db, delivery.host, form)
    } else {
      if (hostFailed) {
        const waits = outcome.is === 'retry' && outcome.hostWaits ? outcome.afterS : undefined
        await noteFailure(db, delivery.host, options.random, waits)
      }
      const level = outcome.is === 'dead' ? 'warn' : 'info'
      instance.log[level](
        { host: delivery.host, delivery: delivery.id, why: outcome.why },
        'a delivery failed',
      )
    }
  } catch (error) {
    if (options.signal.aborted) return releaseDelivery(db, delivery)
    if (isDatabaseDown(error)) throw error
    instance.log.error({ err: error, delivery: delivery.id }, 'a delivery could not be made')
    const why = error instanceof Error ? error.message : 'unknown'
    await settle(db, delivery, { is: 'retry', why, afterS: 600, hostWaits: false })
  }
}

/** Signed when first sent and kept, so that every inbox gets the same bytes under the same id. */
async function signOnce(instance: Instance, delivery: LeasedDelivery): Promise<string> {
  const signed = await normalised(instance, delivery.handle, delivery.activity as ActivityJson)
  const kept = await instance.db
    .updateTable('outbox')
    .set({ signed })
    .where('id', '=', delivery.outbox_id)
    .where('signed', 'is', null)
    .returning('signed')
    .executeTakeFirst()
  if (kept?.signed) return kept.signed
  const first = await instance.db
    .selectFrom('outbox')
    .select('signed')
    .where('id', '=', delivery.outbox_id)
    .executeTakeFirst()
  return first?.signed ?? signed
}
