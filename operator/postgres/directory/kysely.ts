// The directory for what the instances wrote in Kysely, over the operator's own connections.
import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely'
import type { DirectoryDatabase, DirectoryTables } from '../../../instance/store/database.ts'
import type { Server, Session } from '../server/session.ts'

/**
 * Connects for each transaction, as the owner of the tables, and holds no connection in between. Statements tell their
 * rows but not how many rows they changed: whoever wants to know asks for `returning`.
 */
export function directoryOf(server: Server, name: string): DirectoryDatabase {
  const pool = {
    connect: async () => clientOf(await server.connect(name)),
    end: async () => undefined,
  }
  return new Kysely<DirectoryTables>({ dialect: new PostgresDialect({ pool }) })
}

function clientOf(session: Session): PostgresPoolClient {
  const query = async (text: unknown, values?: readonly unknown[]) => {
    if (typeof text !== 'string') throw new Error('cursors are not for directories')
    const rows = await session.query(text, values)
    return { command: 'SELECT' as const, rowCount: rows.length, rows }
  }
  return {
    query: query as PostgresPoolClient['query'],
    // One that is open when this is called would be rolled back by the server.
    release: () => void session.end().catch(() => undefined),
  }
}
