// A row per process: a database restored under a running process, or while none ran, is noticed and checked.
import { randomUUID } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import type { InstanceDatabase } from '../database.ts'
import { isDatabaseDown, pause } from '../failures.ts'
import { type ResidentDeps, verifyResidents } from './residents.ts'

/**
 * A boot row as no copy of it is: with the transaction that wrote it, which a restored dump writes anew; the database,
 * which is another one where a copy was put in its place; and the start of the server, which every restore of its
 * volume needs.
 */
const SIGNATURE = sql`concat_ws(' ', boots.id, boots.xmin,
  (SELECT oid FROM pg_database WHERE datname = current_database()), extract(epoch FROM pg_postmaster_start_time()))`

/** Whether this is still the database that the process knows. To be asked in every transaction that writes for members. */
export const isBooted = (boot: string): RawBuilder<boolean> =>
  sql<boolean>`EXISTS (SELECT FROM boots WHERE ${SIGNATURE} = ${boot})`

/** The same, asked by itself: in this transaction, or of the database as it is now. */
export async function askBooted(db: InstanceDatabase, boot: string): Promise<boolean> {
  const { rows } = await sql<{ booted: boolean }>`SELECT ${isBooted(boot)} AS booted`.execute(db)
  return rows[0]?.booted === true
}

export type Boot = {
  /** What `isBooted` looks for. */
  readonly id: string
  /** A new connection: the server was away, perhaps, and it is looked at once. */
  connected(): void
  /** Looks every few seconds whether the row is still there, and renews it from time to time. */
  guard(): { stop(): Promise<void> }
}

const LOOK_MS = 5_000
/** Rows that are a day old are of processes that ended; whoever runs renews its own long before. */
const RENEW_MS = 6 * 3_600_000

type Deps = ResidentDeps & {
  random: () => number
  /** Lets go of whoever has a later stay at a sibling. False as long as one of them gives no answer. */
  yieldToSiblings: () => Promise<boolean>
}

/** Verifies the residents, then inserts this process's row. */
export async function insertBoot(deps: Deps): Promise<Boot> {
  let id = ''
  let insertedAt = performance.now()
  let waking = new AbortController()
  const insert = async () => {
    const row = await deps.db
      .insertInto('boots')
      .values({ id: randomUUID() })
      .returning('id')
      .executeTakeFirstOrThrow()
    const { rows } = await sql<{ signature: string }>`
      SELECT ${SIGNATURE} AS signature FROM boots WHERE id = ${row.id}::uuid`.execute(deps.db)
    id = rows[0]?.signature ?? ''
    insertedAt = performance.now()
  }
  let heard = false
  const verify = async () => {
    await verifyResidents(deps)
    heard = await deps.yieldToSiblings()
  }
  await verify()
  await insert()
  await deps.db.deleteFrom('boots').where('started_at', '<', sql<Date>`now() - interval '1 day'`).execute()

  const retired: string[] = []
  const look = async () => {
    if (!(await askBooted(deps.db, id))) {
      deps.log.warn(
        'the server of the database was away, or the database was restored: who lives here is verified',
      )
      await verify()
      await insert()
      return
    }
    // Two that start at once do not hear each other at first.
    if (!heard) heard = await deps.yieldToSiblings()
    if (performance.now() - insertedAt > RENEW_MS) {
      retired.push(id)
      await insert()
      // Transactions that began with the old one have ended by the next round but one; their timeout is shorter.
      const [old = ''] = retired.splice(0, retired.length - 1)
      if (old) await sql`DELETE FROM boots WHERE ${SIGNATURE} = ${old}`.execute(deps.db)
    }
  }
  return {
    get id() {
      return id
    },
    connected: () => waking.abort(),
    guard: () => {
      const stopping = new AbortController()
      const done = (async () => {
        while (!stopping.signal.aborted) {
          waking = new AbortController()
          await pause(LOOK_MS * (0.5 + deps.random()), AbortSignal.any([stopping.signal, waking.signal]))
          if (stopping.signal.aborted) return
          await look().catch((error: unknown) => {
            if (!isDatabaseDown(error)) deps.log.error({ err: error }, 'looking for the boot row failed')
          })
        }
      })()
      return {
        stop: async () => {
          stopping.abort()
          await done
        },
      }
    },
  }
}
