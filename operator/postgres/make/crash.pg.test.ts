// The first start on a server that has nothing: killed at every statement, it ends with groups and a template to clone.
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Migration } from '../../../instance/store/migrations.ts'
import { type PostgresServer, startPostgres } from '../../../test/postgres/server/server.ts'
import { createFaults, type Fault, type Faults } from '../../testing/faults.ts'
import type { Credentials } from '../server/credentials.ts'
import { openServer, withSession } from '../server/session.ts'
import { databasesOf, dropDatabase, ensureDatabase, inspectDatabase } from './database.ts'
import { ensureGroups } from './groups.ts'
import { ensureTemplate } from './template.ts'

const FAULTS: Fault[] = ['killed before', 'killed after', 'acknowledgement lost']

// Groups are the server's, and this role must be the one that made them: nobody else may be on it.
let own: PostgresServer
beforeAll(async () => {
  own = await startPostgres()
})
afterAll(() => own?.stop())

const superuser = (): Credentials => ({
  host: '127.0.0.1',
  port: own.port,
  username: 'postgres',
  password: '',
  database: 'postgres',
})

async function begin(credentials: Credentials, migrations: readonly Migration[], faults: Faults, id: string) {
  const server = faults.server(openServer(credentials))
  await withSession(server, undefined, ensureGroups)
  const template = await ensureTemplate(server, 'instance', migrations)
  const name = `crash${id}_1`
  const wish = { name, kind: 'instance', template, password: 'p', existed: false, connections: 8 } as const
  await ensureDatabase(server, wish)
  return { template, wish }
}

test('a template is whole or not there, and a clone is closed or not there, wherever it was killed', async () => {
  const root = new pg.Client({
    connectionString: own.url('postgres'),
  })
  await root.connect()
  await root.query('CREATE ROLE crash_admin LOGIN CREATEDB CREATEROLE')
  const credentials = { ...superuser(), username: 'crash_admin' }
  // Each round has migrations of its own, so that each makes its own template.
  const migrationsOf = (id: string) => [{ name: '9999-test.sql', sql: `CREATE TABLE extra_${id} ()` }]
  // Groups are the server's: other tests may have made them, as a superuser, whom this role cannot be granted by.
  await root.query(
    'DO $$ BEGIN CREATE ROLE hamlet_owner NOLOGIN; EXCEPTION WHEN duplicate_object THEN END $$',
  )
  await root.query(
    'DO $$ BEGIN CREATE ROLE hamlet_instance NOLOGIN; EXCEPTION WHEN duplicate_object THEN END $$',
  )
  await root.query(
    'GRANT hamlet_owner, hamlet_instance TO crash_admin WITH ADMIN TRUE, INHERIT FALSE, SET FALSE',
  )
  // The first time also makes what every later time finds.
  await begin(credentials, migrationsOf('first'), createFaults(), 'first')
  const calm = createFaults()
  await begin(credentials, migrationsOf('calm'), calm, 'calm')
  const total = calm.writes
  expect(total).toBeGreaterThan(8)
  const server = openServer(credentials)
  const every = async (fault: Fault) => {
    for (let at = 1; at <= total; at++) {
      const id = `${'bal'[FAULTS.indexOf(fault)]}${at}`
      const faults = createFaults(at, fault)
      const migrations = migrationsOf(id)
      await begin(credentials, migrations, faults, id).catch((error: unknown) => {
        if (!faults.struck) throw error
      })
      expect(faults.struck, `${fault} ${at}`).toBe(true)
      const { template, wish } = await begin(credentials, migrations, createFaults(), id)
      const facts = await withSession(server, undefined, (session) => inspectDatabase(session, wish))
      expect({ fault, at, facts }).toEqual({ fault, at, facts: { there: true, ready: true } })
      // No half-built one is left beside it.
      const { rows } = await root.query(
        'SELECT datname, datistemplate, datallowconn FROM pg_database WHERE datname LIKE $1',
        [`${template}%`],
      )
      expect(rows).toEqual([{ datname: template, datistemplate: true, datallowconn: false }])
      await withSession(server, wish.name, (session) => session.query(`SELECT FROM extra_${id}`))
      const dropping = createFaults(1 + (at % 4), fault)
      await dropDatabase(dropping.server(openServer(credentials)), wish.name).catch(() => undefined)
      await dropDatabase(server, wish.name)
      expect(await withSession(server, undefined, (session) => databasesOf(session, `crash${id}`))).toEqual(
        [],
      )
      await root.query(`ALTER DATABASE ${template} IS_TEMPLATE false`)
      await root.query(`DROP DATABASE ${template}`)
    }
  }
  await Promise.all(FAULTS.map(every))
  await root.end()
}, 600_000)
