// The two databases of an instance, as typed queries over `pg`.
import { Kysely, PostgresDialect, type Transaction } from 'kysely'
import pg from 'pg'
import type { DB as DirectoryTables } from './gen/directory-tables.ts'
import type { DB } from './gen/instance-tables.ts'
import type { KvTable } from './kv.ts'

export type InstanceTables = Omit<DB, 'kv'> & { kv: KvTable }
export type { DirectoryTables }
export type InstanceDatabase = Kysely<InstanceTables>
export type DirectoryDatabase = Kysely<DirectoryTables>
export type InstanceTransaction = Transaction<InstanceTables>
export type DirectoryTransaction = Transaction<DirectoryTables>

/**
 * Gives a server that does not answer 3 s. The address of a pod that is gone swallows every packet: with the pool's own
 * patience, pages would wait long after PostgreSQL was back at another address.
 */
class QuickClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super({
      ...(typeof config === 'string' ? { connectionString: config } : config),
      connectionTimeoutMillis: 3_000,
    })
  }
}

/**
 * A small pool: every instance of a cluster may share one server, whose connections are few.
 * Idle connections end after 10 s, so an idle instance holds one at most.
 */
export function openDatabase<Tables>(
  url: string,
  options: { max?: number; name: string; onConnect?: () => void },
): Kysely<Tables> {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 4,
    min: 0,
    idleTimeoutMillis: 10_000,
    // The wait for a free connection: a crowd is to wait its turn rather than be sent away.
    connectionTimeoutMillis: 20_000,
    Client: QuickClient,
    statement_timeout: 15_000,
    idle_in_transaction_session_timeout: 20_000,
    application_name: options.name,
  })
  // A connection that breaks while idle is replaced at its next use; without a listener it would end the process.
  pool.on('error', () => undefined)
  // The pool takes its own listener off while a connection is in use: in the middle of a transaction too, the query
  // says what happened, and the process must live.
  pool.on('connect', (client) => {
    client.on('error', () => undefined)
    options.onConnect?.()
  })
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
}
