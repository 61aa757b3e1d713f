// What a server is: which one, behind what, and how many instances it can carry.
import { Refused, sqlState } from './errors.ts'
import { OWNER } from './names.ts'
import type { Server, Session } from './session.ts'

/** Pools of 4 on its own database and 4 on the directory. */
export const CONNECTIONS_PER_INSTANCE = 8
/** For the operator and for maintenance. */
const SPARE_CONNECTIONS = 20

/** The number that initdb gave the cluster: another PostgreSQL, or an empty new one, has another. */
export async function systemIdentifier(session: Session): Promise<string> {
  try {
    const [row] = await session.query<{ id: string }>(
      'SELECT system_identifier::text AS id FROM pg_control_system()',
    )
    return row?.id ?? ''
  } catch (error) {
    // Some hosted servers do not tell; the marks in the databases still do.
    if (sqlState(error) === '42501') return 'not told'
    throw error
  }
}

export type Capacity = { readonly carries: number; readonly placed: number; readonly maxConnections: number }

/**
 * How many instances the server's connections are enough for, and how many databases of instances it has: without those of
 * retired ones, whose roles cannot connect.
 */
export async function capacity(session: Session): Promise<Capacity> {
  const [row] = await session.query<{ max: number; reserved: number; placed: number }>(
    `SELECT current_setting('max_connections')::int AS max,
            current_setting('superuser_reserved_connections')::int
              + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,
            (SELECT count(*)::int FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba
             WHERE r.rolname = $1 AND NOT d.datistemplate AND d.datname ~ '_[0-9]+$'
               AND NOT EXISTS (SELECT FROM pg_roles AS own WHERE own.rolname = d.datname AND own.rolconnlimit = 0)) AS placed`,
    [OWNER],
  )
  const { max = 0, reserved = 0, placed = 0 } = row ?? {}
  const free = max - reserved - Math.min(SPARE_CONNECTIONS, Math.floor(max / 5))
  return { carries: Math.max(0, Math.floor(free / CONNECTIONS_PER_INSTANCE)), placed, maxConnections: max }
}

/**
 * Refuses a pooler in transaction mode: it lends one server connection to several sessions in turn, so locks and
 * settings of one show up in another, and the fence of every write would not hold.
 */
export async function refusePooler(server: Server): Promise<void> {
  const first = await server.connect()
  const second = await server.connect()
  try {
    const pid = "SELECT pg_backend_pid() AS pid, current_setting('hamlet.probe', true) AS probe"
    await first.query("SET hamlet.probe = 'first'")
    for (let round = 0; round < 3; round++) {
      const [one] = await first.query<{ pid: number; probe: string | null }>(pid)
      const [two] = await second.query<{ pid: number; probe: string | null }>(pid)
      if (one?.pid === two?.pid || one?.probe !== 'first' || two?.probe === 'first')
        throw new Refused({
          reason: 'PoolerFound',
          message: `a pooler in transaction mode is in front of PostgreSQL at ${server.credentials.host}:${server.credentials.port}: give the address of PostgreSQL itself, or of a pool in session mode`,
        })
    }
  } finally {
    await first.end().catch(() => undefined)
    await second.end().catch(() => undefined)
  }
}
