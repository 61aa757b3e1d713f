// On a server that asks for passwords, as a role without superuser rights: what External servers give us.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readMigrations } from '../../../instance/store/migrations.ts'
import { type PostgresServer, startPostgres } from '../../../test/postgres/server/server.ts'
import { identifyHome, readHome, setCap } from '../home.ts'
import { capacity, refusePooler, systemIdentifier } from '../server/probe.ts'
import { openServer, type Server, withSession } from '../server/session.ts'
import { databasesOf, dropDatabase, ensureDatabase, inspectDatabase } from './database.ts'
import { ensureGroups } from './groups.ts'
import { retireDatabase } from './retire.ts'
import { ensureTemplate } from './template.ts'

let postgres: PostgresServer
let server: Server
let root: pg.Client
const opened: pg.Client[] = []

const open = async (user: string, password: string, database: string): Promise<pg.Client> => {
  const client = new pg.Client({ host: '127.0.0.1', port: postgres.port, user, password, database })
  client.on('error', () => undefined)
  await client.connect()
  opened.push(client)
  return client
}

beforeAll(async () => {
  postgres = await startPostgres()
  root = new pg.Client({ connectionString: postgres.url('postgres') })
  await root.connect()
  const password = randomBytes(12).toString('hex')
  await root.query(`CREATE ROLE hamlet_admin LOGIN CREATEDB CREATEROLE PASSWORD '${password}'`)
  const [hba] = (await root.query<{ hba_file: string }>('SHOW hba_file')).rows
  await root.query(
    `COPY (VALUES ('host all postgres 127.0.0.1/32 trust'), ('host all all 127.0.0.1/32 scram-sha-256')) TO '${hba?.hba_file}'`,
  )
  await root.query('SELECT pg_reload_conf()')
  server = openServer({
    host: '127.0.0.1',
    port: postgres.port,
    username: 'hamlet_admin',
    password,
    database: 'postgres',
  })
  await withSession(server, undefined, ensureGroups)
})
afterAll(async () => {
  for (const client of opened) await client.end()
  await root.end()
  await postgres.stop()
})

const migrations = await readMigrations('instance')
const make = async (name: string, password: string, existed = false) => {
  const template = await ensureTemplate(server, 'instance', migrations)
  await ensureDatabase(server, { name, kind: 'instance', template, password, existed, connections: 8 })
}

test('groups can be made again, also by a superuser', async () => {
  await withSession(server, undefined, ensureGroups)
  await withSession(
    openServer({ ...server.credentials, username: 'postgres', password: '' }),
    undefined,
    ensureGroups,
  )
})

test('the template is made once when several ask at the same time, and nobody can connect to it', async () => {
  const names = await Promise.all([1, 2, 3].map(() => ensureTemplate(server, 'directory', [])))
  expect(new Set(names).size).toBe(1)
  await expect(open('postgres', '', names[0] ?? '')).rejects.toThrow('not currently accepting connections')
})

test('a role opens its own database with its password, has only DML, and reaches no other database', async () => {
  await make('crossa_1', 'password-a')
  await make('crossb_1', 'password-b')
  const a = await open('crossa_1', 'password-a', 'crossa_1')
  await a.query('SELECT * FROM posts')
  await expect(a.query('TRUNCATE members')).rejects.toThrow('permission denied')
  await expect(a.query('CREATE TABLE mine ()')).rejects.toThrow('permission denied')
  await expect(a.query('UPDATE home SET cap = 300')).rejects.toThrow('permission denied')
  await expect(a.query('SELECT * FROM hamlet.migrations')).rejects.toThrow('permission denied')
  await expect(a.query('SET ROLE hamlet_owner')).rejects.toThrow('permission denied')
  await expect(a.query('CREATE DATABASE mine')).rejects.toThrow('permission denied')
  for (const other of ['crossb_1', await ensureTemplate(server, 'instance', migrations)])
    await expect(open('crossa_1', 'password-a', other)).rejects.toThrow(
      /permission denied|not currently accepting/,
    )
  await expect(open('crossa_1', 'password-b', 'crossa_1')).rejects.toThrow('password authentication failed')
})

test('a new password replaces the old one', async () => {
  await make('rotate_1', 'one')
  await make('rotate_1', 'two', true)
  await open('rotate_1', 'two', 'rotate_1')
  await expect(open('rotate_1', 'one', 'rotate_1')).rejects.toThrow('password authentication failed')
})

test('identity is written once and checked ever after', async () => {
  await make('ident_1', 'p')
  const mine = { domain: 'ident.example', prefix: 'ident', ordinal: 1 }
  await withSession(server, 'ident_1', async (session) => {
    await identifyHome(session, mine, { cap: 5, existed: false })
    await identifyHome(session, mine, { cap: 9, existed: true })
    expect(await readHome(session)).toMatchObject({ identity: mine, cap: 5, residents: 0 })
    await setCap(session, 7)
    expect((await readHome(session)).cap).toBe(7)
    await expect(
      identifyHome(session, { ...mine, domain: 'other.example' }, { cap: 5, existed: false }),
    ).rejects.toThrow('belongs to instance 1 of ident.example')
  })
  await make('blank_1', 'p')
  await withSession(server, 'blank_1', async (session) => {
    await expect(identifyHome(session, mine, { cap: 5, existed: true })).rejects.toThrow('is empty')
  })
})

test('a database that existed is not made anew', async () => {
  await expect(make('lost_1', 'p', true)).rejects.toThrow('Nothing is made anew')
  const facts = await withSession(server, undefined, (s) =>
    inspectDatabase(s, { name: 'lost_1', kind: 'instance', password: 'p', connections: 8 }),
  )
  expect(facts).toEqual({ there: false, ready: false })
})

test('dropping ends the sessions of pods that were killed, and leaves nothing', async () => {
  await make('gone_1', 'p')
  const pod = await open('gone_1', 'p', 'gone_1')
  await pod.query('BEGIN; SELECT * FROM posts')
  await dropDatabase(server, 'gone_1')
  await dropDatabase(server, 'gone_1')
  expect(await withSession(server, undefined, (session) => databasesOf(session, 'gone'))).toEqual([])
})

test('the server is known by its number, carries what its connections allow, and is no pooler', async () => {
  await refusePooler(server)
  await withSession(server, undefined, async (session) => {
    expect(await systemIdentifier(session)).toMatch(/^[0-9]{10,}$/)
    const { carries, maxConnections } = await capacity(session)
    expect(maxConnections).toBe(300)
    expect(carries).toBe(34)
  })
})

test('the kept database of a retired instance takes no connections from others', async () => {
  const placed = () => withSession(server, undefined, async (session) => (await capacity(session)).placed)
  const before = await placed()
  await make('kept_1', 'p')
  await withSession(server, 'kept_1', (session) =>
    identifyHome(session, { domain: 'kept.example', prefix: 'kept', ordinal: 1 }, { cap: 5, existed: false }),
  )
  expect(await placed()).toBe(before + 1)
  await retireDatabase(server, { name: 'kept_1', keep: true })
  expect(await placed()).toBe(before)
})

test('a pooler in transaction mode is refused', async () => {
  // As such a pooler does: whoever asks gets the server connection that was given back last.
  const one = await server.connect()
  const pooled = { ...server, connect: async () => ({ ...one, end: async () => undefined }) }
  await expect(refusePooler(pooled)).rejects.toThrow('a pooler in transaction mode')
  await one.end()
})

test('a role that may not make databases is told what it lacks', async () => {
  await root.query("CREATE ROLE weak LOGIN CREATEROLE PASSWORD 'w'")
  const weak = openServer({ ...server.credentials, username: 'weak', password: 'w' })
  await expect(withSession(weak, undefined, ensureGroups)).rejects.toThrow(
    'ALTER ROLE weak CREATEDB CREATEROLE',
  )
})
