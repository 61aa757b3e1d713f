// A database that somebody made for a restore has the name of one that was in use, and is not it.
import { randomBytes } from 'node:crypto'
import { beforeAll, expect, inject, test } from 'vitest'
import { readMigrations } from '../../instance/store/migrations.ts'
import { performOnDatabase } from '../apply/database-steps.ts'
import { readHome } from '../postgres/home.ts'
import { dropDatabase } from '../postgres/make/database.ts'
import { ensureGroups } from '../postgres/make/groups.ts'
import { prepare } from '../postgres/prepared.ts'
import { openServer, quote, type Server, withSession } from '../postgres/server/session.ts'
import { observeDatabase } from './database.ts'

const migrations = {
  instance: await readMigrations('instance'),
  directory: await readMigrations('directory'),
}
const prepared = prepare(migrations)
let server: Server
beforeAll(async () => {
  server = openServer({
    host: '127.0.0.1',
    port: inject('postgresPort'),
    username: 'postgres',
    password: '',
    database: 'postgres',
  })
  await withSession(server, undefined, ensureGroups)
})

const prefix = `restore_${randomBytes(4).toString('hex')}`
const name = `${prefix}_1`
const look = () =>
  withSession(server, undefined, (session) =>
    observeDatabase(
      { server, session, prepared },
      { name, kind: 'instance', url: undefined, connections: 8 },
      readHome,
    ),
  )
const keys = {
  take: () => Promise.reject(new Error('no directory here')),
}
const make = (existed: boolean) =>
  performOnDatabase(
    { do: 'makeDatabase', database: { name, kind: 'instance', password: 'p', existed, connections: 8 } },
    { server, prepared, keys },
  )
const tables = () =>
  withSession(server, name, (session) =>
    session.query(
      "SELECT relname FROM pg_class WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'hamlet'))",
    ),
  )

test('an empty database is told from one with data, and is not migrated', async () => {
  await withSession(server, undefined, (session) => session.query(`CREATE DATABASE ${quote(name)}`))
  expect(await look()).toMatchObject({ state: 'known', there: true, identified: false, facts: undefined })
  // Also when it was swapped after the look.
  await expect(make(true)).rejects.toMatchObject({ refusal: { reason: 'DataMissing' } })
  await expect(make(true)).rejects.toThrow(`database ${name} is empty`)
  expect(await tables()).toEqual([])
  await dropDatabase(server, name)

  await make(false)
  expect(await look()).toMatchObject({ there: true, pending: 0, identified: false })
  const identity = { domain: 'restore.example', prefix, ordinal: 1 }
  await performOnDatabase(
    { do: 'identifyHome', name, identity, cap: 5, existed: false },
    { server, prepared, keys },
  )
  expect(await look()).toMatchObject({ there: true, identified: true, facts: { identity } })
  // One of an older version still says whose it is, so it may be migrated.
  await withSession(server, name, (session) => session.query('DELETE FROM hamlet.migrations'))
  expect(await look()).toMatchObject({
    there: true,
    pending: migrations.instance.length,
    identified: true,
    facts: undefined,
  })
  await dropDatabase(server, name)
})
