// A process that may die and start again: its databases are reached through it, so that it dies at a statement.
import { AsyncLocalStorage } from 'node:async_hooks'
import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { Crash, type FaultKind } from '../../postgres/faults.ts'

/** A place where something may happen to a process: before a statement, or around a call. */
export type Point =
  | { readonly is: 'statement'; readonly by: Process; readonly text: string }
  | { readonly is: 'call'; readonly by: Process; readonly verb: string; readonly when: 'before' | 'after' }

export type Fate = FaultKind | 'go'

/** Asked at every point of what is watched. May wait: then the process is held there. */
export type Watch = (point: Point) => Promise<Fate> | Fate

export type Process = {
  readonly name: string
  /** Of the present life; what an earlier one left running stays dead. */
  life: { dead: boolean }
}

export const makeProcess = (name: string): Process => ({ name, life: { dead: false } })

export function lost(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
}

export function down(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
}

/** Only what runs inside is watched; the rest of the world goes on beside it. */
export const watched = new AsyncLocalStorage<Watch>()

export const fateAt = async (point: Point): Promise<Fate> => (await watched.getStore()?.(point)) ?? 'go'

/** By text. A statement is parsed and planned once a connection: half of what a small one costs. */
const names = new Map<string, string>()
function nameOf(text: string): string {
  const name = names.get(text) ?? `s${names.size}`
  names.set(text, name)
  return name
}

/** A database as one process reaches it. `isDown`: its server refuses everybody. */
export function databaseOf<Tables>(
  url: string,
  by: Process,
  isDown: () => boolean = () => false,
): Kysely<Tables> {
  const pool = new pg.Pool({ connectionString: url, max: 8, statement_timeout: 20_000 })
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const connect = async () => {
    const { life } = by
    if (life.dead) throw new Crash(`${by.name} has ended`)
    if (isDown()) throw down()
    const client = await pool.connect()
    let broken = false
    const query = async (text: string, values: readonly unknown[]) => {
      const alive = () => {
        if (life.dead) throw new Crash(`${by.name} has ended`)
        if (isDown()) broken = true
        if (broken) throw lost()
      }
      alive()
      const fate = await fateAt({ is: 'statement', by, text })
      alive()
      if (fate === 'crash-before') {
        life.dead = true
        throw new Crash('before the statement')
      }
      if (fate === 'lost-before') {
        broken = true
        throw lost()
      }
      const result = await client.query(
        values.length > 0 ? { name: nameOf(text), text, values: [...values] } : text,
      )
      if (fate === 'crash-after') life.dead = true
      if (fate === 'lost-after') broken = true
      alive()
      return result
    }
    // The client itself, but for what it is asked and how it is given back.
    const through: PostgresPoolClient = Object.create(client, {
      query: { value: query },
      release: { value: () => client.release(broken || life.dead) },
    })
    return through
  }
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: { connect, end: () => pool.end() } }) })
}
