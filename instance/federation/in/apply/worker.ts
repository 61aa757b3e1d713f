// Takes kept activities and applies them, with leases, so that a worker that dies holds nothing up for long.
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Instance } from '../../../instance.ts'
import { isDatabaseDown, pause } from '../../../store/failures.ts'
import { kvSweep } from '../../../store/kv.ts'
import { aloneIfUnended, isFree, LEASE_S, MOST_TAKINGS, TAKEN_TOO_OFTEN, whileHeld } from '../../held.ts'
import { startLoop, type Worker } from '../../loop.ts'
import { later, type Outcome } from '../effects/effect.ts'
import { apply, type IntakeRow } from './apply.ts'

const BATCH = 8
/** Where a home or a server is waited for longer than this, more is taken meanwhile. */
const PATIENCE_MS = 500
/** What is in hand at the same time, what is waited for included. */
const MOST_AT_ONCE = 4 * BATCH
const KEEP_TOMBSTONES_DAYS = 30

export type Leased = IntakeRow & {
  readonly lease: string
  /** Takings so far, this one included. */
  readonly attempts: number
  /** Whoever had it before never came to its end. */
  readonly unended: boolean
}

/** Seconds until the next try: doubling up to two hours, with jitter. All tries together take about two days. */
export function retryAfter(attempts: number, random: () => number): number {
  return Math.min(7200, 2 ** Math.min(attempts, 20)) * (0.5 + random())
}

/** `leaseS`: after this what a worker that died had in hand is taken by another. */
export function startIntake(instance: Instance, random: () => number, leaseS = LEASE_S): Worker {
  let sweptAt = Number.NEGATIVE_INFINITY
  let running = 0
  const slow = new Set<Promise<void>>()
  const onError = (error: unknown) => {
    if (isDatabaseDown(error)) instance.log.warn({ err: error }, 'the intake waits for the database')
    else instance.log.error({ err: error }, 'the intake failed')
  }
  const applyAll = async (rows: readonly Leased[], since: number, signal: AbortSignal) => {
    running += rows.length
    // A lease that is lost ends no attempt: applied by two at once, it has the effect of one.
    const results = await whileHeld(instance, { table: 'intake', rows, since, leaseS }, () =>
      // All end before an error is passed on: a step that was stopped must not go on behind its back.
      Promise.allSettled(
        rows.map(async (row) => {
          try {
            if (signal.aborted) return await release(instance, row)
            return await settle(instance, row, await attempt(instance, row), random)
          } finally {
            running--
          }
        }),
      ),
    )
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason
    }
  }
  const leave = (batch: Promise<void>) => {
    const ended = batch.catch(onError).then(() => {
      slow.delete(ended)
      worker.poke()
    })
    slow.add(ended)
  }
  const worker = startLoop({
    pollMs: 5_000,
    random,
    onError,
    step: async (signal) => {
      if (performance.now() - sweptAt > 3_600_000) {
        sweptAt = performance.now()
        await sweep(instance)
      }
      // Nothing can be applied by an older copy of the directory, and no try is to be used up for that.
      const since = performance.now()
      const most = Math.min(BATCH, MOST_AT_ONCE - running)
      const rows = instance.homes.regressed || most <= 0 ? [] : await lease(instance, most, leaseS)
      if (rows.length === 0) return false
      const batch = applyAll(rows, since, signal)
      const alone = rows.some(({ unended }) => unended)
      if (alone) await batch
      else if (!(await endsWithin(batch, PATIENCE_MS, signal))) leave(batch)
      return rows.length === most || alone
    },
  })
  const unlisten = instance.wake.listen('intake', worker.poke)
  return {
    poke: worker.poke,
    stop: async () => {
      unlisten()
      await worker.stop()
      await Promise.all(slow)
    },
  }
}

/** Throws what `work` throws within that time. */
async function endsWithin(work: Promise<void>, ms: number, signal: AbortSignal): Promise<boolean> {
  const over = new AbortController()
  try {
    return await Promise.race([
      work.then(() => true),
      pause(ms, AbortSignal.any([over.signal, signal])).then(() => false),
    ])
  } finally {
    over.abort()
  }
}

async function attempt(instance: Instance, row: Leased): Promise<Outcome> {
  if (row.attempts > MOST_TAKINGS) return later(TAKEN_TOO_OFTEN)
  if (row.unended)
    instance.log.warn(
      { intake: row.id, taken: row.attempts },
      'whoever took an activity never came to its end',
    )
  try {
    return await apply(instance, row)
  } catch (error) {
    if (isDatabaseDown(error)) throw error
    instance.log.error({ err: error, intake: row.id }, 'an activity could not be applied')
    return { is: 'later', why: error instanceof Error ? error.message.slice(0, 500) : 'unknown' }
  }
}

/**
 * The longest waiting first, or one alone that nobody came to the end of; rows that another worker holds are left to it
 * until its lease ends.
 */
export async function lease(
  instance: Pick<Instance, 'db'>,
  most: number,
  leaseS = LEASE_S,
): Promise<Leased[]> {
  const id = randomUUID()
  const { rows } = await sql<Leased>`
    WITH due AS (
      SELECT id, leased_until IS NOT NULL AS unended FROM intake
      WHERE dead_at IS NULL AND next_at <= now() AND ${isFree('intake')}
      ORDER BY id LIMIT ${most} FOR UPDATE SKIP LOCKED)
    UPDATE intake SET lease = ${id}, leased_until = now() + ${leaseS} * interval '1 second',
                      attempts = attempts + 1
    FROM (SELECT * FROM due WHERE ${aloneIfUnended}) AS taken WHERE intake.id = taken.id
    RETURNING intake.id, activity_uri, actor_uri, recipient, body, from_sibling, lease, attempts, unended`.execute(
    instance.db,
  )
  return rows.toSorted((a, b) => Number(a.id) - Number(b.id))
}

async function settle(
  instance: Instance,
  row: Leased,
  outcome: Outcome,
  random: () => number,
): Promise<void> {
  if (outcome.is === 'done') {
    // Usually gone already, with the effect; what had none is taken out here.
    await instance.db.deleteFrom('intake').where('id', '=', row.id).execute()
    return
  }
  const dead = row.attempts >= MOST_TAKINGS
  if (dead) instance.log.warn({ intake: row.id, why: outcome.why }, 'an activity was given up')
  await instance.db
    .updateTable('intake')
    .set({
      lease: null,
      leased_until: null,
      last_error: outcome.why,
      next_at: sql<Date>`now() + ${retryAfter(row.attempts, random)} * interval '1 second'`,
      dead_at: dead ? sql<Date>`now()` : null,
    })
    .where('id', '=', row.id)
    .where('lease', '=', row.lease)
    .execute()
}

async function release(instance: Instance, row: Leased): Promise<void> {
  await instance.db
    .updateTable('intake')
    .set({ lease: null, leased_until: null, attempts: sql<number>`attempts - 1` })
    .where('id', '=', row.id)
    .where('lease', '=', row.lease)
    .execute()
}

/** Marks of strangers' deletions serve only against what comes in the wrong order, which does not take a month. */
async function sweep(instance: Instance): Promise<void> {
  await kvSweep(instance.db)
  await instance.db
    .deleteFrom('tombstones')
    .where(sql<boolean>`(member_id IS NULL OR NOT starts_with(actor_uri, ${`${instance.config.origin}/`}))`)
    .where('created_at', '<', sql<Date>`now() - ${KEEP_TOMBSTONES_DAYS} * interval '1 day'`)
    .execute()
  await instance.db
    .deleteFrom('outbox')
    .where('created_at', '<', sql<Date>`now() - interval '1 day'`)
    .where((eb) =>
      eb.not(eb.exists(eb.selectFrom('deliveries').select('id').whereRef('outbox_id', '=', 'outbox.id'))),
    )
    .execute()
}
