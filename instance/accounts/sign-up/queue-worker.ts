// Background work of sign-ups: seats for those who wait, and an end for those who gave up.
import { sql } from 'kysely'
import { changeFor } from '../../directory/change.ts'
import { forgetOldTries } from '../../directory/rate-limits.ts'
import { hasRoom } from '../../directory/seats/placement.ts'
import { type QueuedSignUp, seatTheWaiting } from '../../directory/seats/queue.ts'
import { releaseSeat } from '../../directory/seats/seats.ts'
import type { Instance } from '../../instance.ts'
import { isRefusal, refuse } from '../../refusal.ts'
import { SiblingUnreachable } from '../../siblings/client.ts'
import { isDatabaseDown, pause } from '../../store/failures.ts'
import { makeAtHome } from './reach-home.ts'
import { settlePending } from './settle.ts'

/** Taken up at a time by one instance: the others help with the rest. */
const BATCH = 16
const SETTLE_EVERY_MS = 10_000
const CLEAN_EVERY_MS = 600_000
const AVOID_MS = 10_000

/** Starts the background work of accounts; `stop` waits for what is under way. */
export function startQueueCompletion(instance: Instance): { stop(): Promise<void>; poke(): void } {
  const stopping = new AbortController()
  let wake = new AbortController()
  const poke = () => wake.abort()
  const unlisten = instance.homes.onChange(poke)
  const silent = new Map<number, number>()
  let settledAt = 0
  let cleanedAt = performance.now()
  const due = (last: number, every: number) =>
    performance.now() - last >= every * (0.75 + instance.random() / 2)
  const round = async () => {
    if (due(settledAt, SETTLE_EVERY_MS)) {
      settledAt = performance.now()
      await settlePending(instance)
    }
    if (due(cleanedAt, CLEAN_EVERY_MS)) {
      cleanedAt = performance.now()
      await clean(instance)
    }
    while (!stopping.signal.aborted && (await completeBatch(instance, silent)) > 0) {
      // Until nobody waits or no seat is free.
    }
  }
  const done = (async () => {
    while (!stopping.signal.aborted) {
      wake = new AbortController()
      try {
        await round()
      } catch (error) {
        if (isDatabaseDown(error)) instance.log.warn({ err: error }, 'sign-ups wait: the database is down')
        else instance.log.error({ err: error }, 'completing sign-ups failed')
      }
      await pause(
        SETTLE_EVERY_MS * (0.75 + instance.random() / 2),
        AbortSignal.any([stopping.signal, wake.signal]),
      )
    }
  })()
  return {
    poke,
    stop: async () => {
      unlisten()
      stopping.abort()
      await done
    },
  }
}

/** Gives free seats to the first in the queue and makes their homes. Returns how many came in. */
export async function completeBatch(
  instance: Instance,
  silent: Map<number, number> = new Map(),
): Promise<number> {
  if (instance.homes.totals().waiting === 0 || !instance.homes.instances().some(hasRoom)) return 0
  const now = performance.now()
  const avoid = [...silent].filter(([, until]) => until > now).map(([ordinal]) => ordinal)
  const batch = await changeFor(instance, async (tx) => {
    const seated = await seatTheWaiting(tx, BATCH, avoid)
    // Nothing to do: nothing to make all instances read the directory again for.
    return seated.length > 0 ? seated : refuse('not-found')
  })
  if (isRefusal(batch)) return 0
  const results = await Promise.all(batch.map((queued) => complete(instance, queued, silent)))
  await instance.homes.refresh()
  return results.filter((came) => came).length
}

async function complete(
  instance: Instance,
  { seat, ...rest }: QueuedSignUp,
  silent: Map<number, number>,
): Promise<boolean> {
  try {
    const result = await makeAtHome(instance, { ...seat, ...rest })
    if (!isRefusal(result)) return true
    instance.log.info({ code: result.code }, 'a waiting sign-up was put off')
  } catch (error) {
    if (!(error instanceof SiblingUnreachable) && !isDatabaseDown(error)) throw error
    if (error instanceof SiblingUnreachable) silent.set(error.ordinal, performance.now() + AVOID_MS)
  }
  // Back to the place in the queue. If it was committed all the same, this changes nothing.
  await changeFor(instance, async (tx) => {
    await releaseSeat(tx, seat.id)
    return true
  })
  return false
}

async function clean(instance: Instance): Promise<void> {
  await forgetOldTries(instance)
  await instance.db.deleteFrom('sessions').where('expires_at', '<', instance.clock()).execute()
  await instance.directory.deleteFrom('password_resets').where('expires_at', '<', sql<Date>`now()`).execute()
}
