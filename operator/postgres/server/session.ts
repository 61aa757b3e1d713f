// Connections to PostgreSQL, one at a time and short: the operator holds none while nothing is to do.
import type { ConnectionOptions } from 'node:tls'
import pg from 'pg'
import type { Credentials } from './credentials.ts'

/** One connection. Everything the operator does to PostgreSQL goes through `query`, so that tests can cut it anywhere. */
export type Session = {
  query<Row extends Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>
  end(): Promise<void>
}

/** A PostgreSQL server, as the role that may make databases and roles in it. */
export type Server = {
  readonly credentials: Credentials
  /** `undefined`: the database that the credentials name, where only catalogs are read. */
  connect(database?: string): Promise<Session>
}

export const quote = (name: string): string => pg.escapeIdentifier(name)
export const literal = (text: string): string => pg.escapeLiteral(text)

/** A server that is connected to when needed. Statements end after 30 s, attempts to connect after 5 s. */
export function openServer(credentials: Credentials): Server {
  return {
    credentials,
    async connect(database = credentials.database) {
      const client = new pg.Client({
        host: credentials.host,
        port: credentials.port,
        user: credentials.username,
        password: credentials.password,
        database,
        ssl: tlsOptions(credentials),
        connectionTimeoutMillis: 5_000,
        statement_timeout: 30_000,
        // A server that vanished without a word would otherwise hold its worker, and the Community, for ever.
        query_timeout: 40_000,
        keepAlive: true,
        keepAliveInitialDelayMillis: 10_000,
        idle_in_transaction_session_timeout: 30_000,
        application_name: 'hamlet-operator',
      })
      // A connection that breaks while idle shows at its next use; without a listener it would end the process.
      client.on('error', () => undefined)
      try {
        await client.connect()
      } catch (error) {
        await client.end().catch(() => undefined)
        throw error
      }
      return {
        query: async <Row extends Record<string, unknown>>(sql: string, values?: readonly unknown[]) =>
          // Without values the simple protocol is used, which takes several statements as one transaction.
          (values ? await client.query<Row>(sql, [...values]) : await client.query<Row>(sql)).rows,
        end: () => client.end(),
      }
    },
  }
}

/** Opens a session, uses it, and ends it whatever happens. */
export async function withSession<T>(
  server: Server,
  database: string | undefined,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await server.connect(database)
  try {
    return await use(session)
  } finally {
    await session.end().catch(() => undefined)
  }
}

function tlsOptions({ sslmode, ca, host }: Credentials): ConnectionOptions | false {
  if (!sslmode || sslmode === 'disable') return false
  // libpq's meaning: `require` encrypts without asking who is there, unless a CA is given.
  if (sslmode === 'verify-full') return { servername: host, ...(ca ? { ca } : {}) }
  if (!ca) return { rejectUnauthorized: false }
  return { ca, checkServerIdentity: () => undefined }
}
