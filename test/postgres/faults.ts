// Databases whose client dies, or loses an answer, at a chosen statement.
import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely'
import pg from 'pg'

export type FaultKind =
  /** The process ends before the statement is sent. */
  | 'crash-before'
  /** The statement is carried out, a COMMIT too, and then the process ends. */
  | 'crash-after'
  /** The connection breaks before the statement is sent; the process lives on. */
  | 'lost-before'
  /** The statement is carried out, but its answer is lost; the process lives on. */
  | 'lost-after'

export class Crash extends Error {}

/** Counts the statements of all databases that share it, and breaks at one of them. */
export type Gate = { count: number; at: number; kind: FaultKind; dead: boolean }

export const openGate = (): Gate => ({
  count: 0,
  at: Number.POSITIVE_INFINITY,
  kind: 'crash-before',
  dead: false,
})

function lost(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
}

/** A database through the gate, and its pool's end. A broken connection is closed, as a dead process's would be. */
export function faultyDatabase<Tables>(url: string, gate: Gate): Kysely<Tables> {
  const pool = new pg.Pool({ connectionString: url, max: 4 })
  pool.on('error', () => undefined)
  const connect = async () => {
    if (gate.dead) throw new Crash('the process has ended')
    const client = await pool.connect()
    let broken = false
    const query = async (text: string, values: readonly unknown[]) => {
      if (gate.dead) throw new Crash('the process has ended')
      if (broken) throw lost()
      gate.count++
      const here = gate.count === gate.at
      if (here && gate.kind === 'crash-before') {
        gate.dead = true
        throw new Crash('before the statement')
      }
      if (here && gate.kind === 'lost-before') {
        broken = true
        throw lost()
      }
      const result = await client.query(text, [...values])
      if (gate.dead) throw new Crash('the process has ended')
      if (here && gate.kind === 'crash-after') {
        gate.dead = true
        throw new Crash('after the statement')
      }
      if (here && gate.kind === 'lost-after') {
        broken = true
        throw lost()
      }
      return result
    }
    // The client itself, but for what it is asked and how it is given back.
    const through: PostgresPoolClient = Object.create(client, {
      query: { value: query },
      release: { value: () => client.release(broken || gate.dead) },
    })
    return through
  }
  return new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: { connect, end: () => pool.end() } }),
  })
}
