// What the databases of a community's instances say of their seats, asked of PostgreSQL itself.
import pg from 'pg'
import { withPostgres } from '../stories/databases.ts'
import type { Hamlet } from '../stories/hamlet.ts'

export type Seats = {
  readonly instance: string
  readonly cap: number
  readonly residents: number
  /** The most there ever were: the trigger that counts them keeps it. */
  readonly highWater: number
}

export async function seatsOf(h: Hamlet, instances: readonly string[]): Promise<Seats[]> {
  return withPostgres(h, (port) => Promise.all(instances.map((instance) => ask(h, instance, port))))
}

/** As the instance's own role, which may read its own database and no other. */
async function ask(h: Hamlet, instance: string, port: number): Promise<Seats> {
  const secret = await h.kubectl(['get', 'secret', instance, '--output', 'jsonpath={.data.database-url}'])
  const url = new URL(Buffer.from(secret, 'base64').toString().trim())
  url.hostname = '127.0.0.1'
  url.port = String(port)
  url.search = ''
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    const { rows } = await client.query<{ cap: number; residents: number; high_water: number }>(
      'SELECT cap, residents, high_water FROM home',
    )
    const [row] = rows
    if (!row) throw new Error(`the database of ${instance} has no row of its own`)
    return { instance, cap: row.cap, residents: row.residents, highWater: row.high_water }
  } finally {
    await client.end()
  }
}
