// Hands over what siblings must get: in order, in batches, until they say that they have it.
import type { Instance } from '../../instance.ts'
import { fullJitter, isDatabaseDown } from '../../store/failures.ts'
import { startLoop, type Worker } from '../loop.ts'
import { firstBatch, sendWhatFits } from './batch.ts'
import { type Handover, handedOver } from './handover.ts'
import { redirect } from './redirect.ts'

const BATCH = 50
/** A batch stays below the limit of the sibling's internal port. */
const MAX_BYTES = 8 * 1024 * 1024

/** One loop for all siblings: each is handed a batch at a time, and one that gives no answer keeps no other waiting. */
export function startSpool(instance: Instance, random: () => number): Worker {
  const failures = new Map<number, { readonly count: number; readonly until: number }>()
  const running = new Map<number, Promise<void>>()
  const onError = (error: unknown) => {
    if (isDatabaseDown(error)) instance.log.warn({ err: error }, 'the spool waits for the database')
    else instance.log.error({ err: error }, 'the spool failed')
  }
  const hand = async (ordinal: number, signal: AbortSignal) => {
    const result = await handOver(instance, ordinal, signal).catch((error: unknown) => {
      if (!signal.aborted) onError(error)
      return 'failed' as const
    })
    running.delete(ordinal)
    if (result !== 'failed') failures.delete(ordinal)
    else {
      const count = (failures.get(ordinal)?.count ?? 0) + 1
      failures.set(ordinal, { count, until: performance.now() + fullJitter(count, random, 500, 15_000) })
    }
    if (result === 'more') worker.poke()
  }
  const worker = startLoop({
    pollMs: 3_000,
    random,
    onError,
    step: async (signal) => {
      const rows = await instance.db.selectFrom('spool').select('ordinal').distinct().execute()
      for (const { ordinal } of rows) {
        const isDue = (failures.get(ordinal)?.until ?? 0) <= performance.now()
        if (isDue && !running.has(ordinal)) running.set(ordinal, hand(ordinal, signal))
      }
      return false
    },
  })
  const unlisten = instance.wake.listen('spool', worker.poke)
  return {
    poke: worker.poke,
    stop: async () => {
      unlisten()
      await worker.stop()
      await Promise.all(running.values())
    },
  }
}

/** Hands over one batch to one sibling. `failed`: try again later; `more`: there may be more at once. */
export async function handOver(
  instance: Instance,
  ordinal: number,
  signal: AbortSignal,
): Promise<'more' | 'none' | 'failed'> {
  // An older copy of the directory may lack a sibling that there is: what is for it must not be thrown away.
  if (instance.homes.regressed) return 'failed'
  const rows = await instance.db
    .selectFrom('spool')
    .select(['seq', 'activity_uri', 'actor_uri', 'recipient', 'body'])
    .where('ordinal', '=', ordinal)
    .orderBy('seq')
    .limit(BATCH)
    .execute()
  const sibling = instance.homes.instances().find((known) => known.ordinal === ordinal)
  if (!sibling || sibling.state === 'Retired') {
    try {
      await redirect(instance, ordinal)
      return 'none'
    } catch (error) {
      // The directory, perhaps: nobody else has to wait for it.
      if (isDatabaseDown(error)) return 'failed'
      throw error
    }
  }
  const batch = firstBatch(
    rows.map((row) => row as Handover),
    MAX_BYTES,
  )
  if (batch.length === 0) return 'none'
  try {
    const { items, answer } = await sendWhatFits(batch, (part) =>
      instance.siblings.call(ordinal, '/internal/spool', { method: 'POST', body: { items: part }, signal }),
    )
    const taken = handedOver.safeParse(answer.body)
    if (answer.status !== 200 || !taken.success) {
      instance.log.warn({ ordinal, status: answer.status }, 'a sibling did not take what it was handed')
      return 'failed'
    }
    const sent = new Set(items.map((item) => item.seq))
    const done = taken.data.taken.filter((seq) => sent.has(seq))
    if (done.length === 0) return 'failed'
    await instance.db.deleteFrom('spool').where('seq', 'in', done).execute()
    return 'more'
  } catch (error) {
    if (isDatabaseDown(error)) throw error
    if (!signal.aborted) instance.log.info({ err: error, ordinal }, 'a sibling cannot be handed anything now')
    return 'failed'
  }
}
