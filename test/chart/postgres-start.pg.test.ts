// The script that starts PostgreSQL in its pod, run as it is by this machine's shell.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { binaries, freePort, NOBODY } from '../postgres/server/server.ts'

const scripts = join(import.meta.dirname, '../../charts/hamlet/files/postgres')
const root = process.getuid?.() === 0

let home: string
let port: number
let running: ChildProcess | undefined
const config = () => join(home, 'config')
const data = () => join(home, 'volume/pgdata')

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'hamlet-chart-'))
  port = await freePort()
  for (const name of ['config', 'credentials', 'volume', 'sockets']) await mkdir(join(home, name))
  for (const name of ['start.sh', 'pg_hba.conf']) await cp(join(scripts, name), join(config(), name))
  const settings = `listen_addresses = '127.0.0.1'\nport = '${port}'\nfsync = 'off'\nshared_buffers = '16MB'\n`
  await writeFile(join(config(), 'postgresql.conf'), settings)
  await secret({ username: 'hamlet_admin', password: 'first', 'superuser-password': 'root' })
  await chmod(home, 0o755)
  if (root) for (const name of ['volume', 'sockets']) await chown(join(home, name), NOBODY, NOBODY)
})

afterEach(async () => {
  await stop('SIGQUIT')
  await rm(home, { recursive: true, force: true })
})

async function secret(keys: Record<string, string>): Promise<void> {
  await rm(join(home, 'credentials'), { recursive: true })
  await mkdir(join(home, 'credentials'))
  for (const [key, value] of Object.entries(keys)) await writeFile(join(home, 'credentials', key), value)
}

/** Runs the script until PostgreSQL takes connections, or until it ends: then with what it said. */
async function start(
  hear: (said: string) => void = () => {},
): Promise<{ ended: number | null; said: string } | undefined> {
  const child = spawn('sh', [join(config(), 'start.sh')], {
    ...(root ? { uid: NOBODY, gid: NOBODY } : {}),
    env: {
      PATH: `${join(await binaries(), 'bin')}:/usr/bin:/bin`,
      HAMLET_CONFIG: config(),
      HAMLET_CREDENTIALS: join(home, 'credentials'),
      HAMLET_VOLUME: join(home, 'volume'),
      HAMLET_SOCKETS: join(home, 'sockets'),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  running = child
  return new Promise((resolve) => {
    let said = ''
    child.stderr?.on('data', (chunk) => {
      said += chunk
      hear(said)
      if (said.includes('database system is ready to accept connections')) resolve(undefined)
    })
    child.once('close', (ended) => resolve({ ended, said }))
  })
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  if (!running || running.exitCode !== null || running.signalCode !== null) return
  const closed = once(running, 'close')
  running.kill(signal)
  await closed
}

async function query(user: string, password: string, database: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ host: '127.0.0.1', port, user, password, database })
  try {
    await client.connect()
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

test('makes a server whose admin is no superuser, and whose roles reach only the database of their name', async () => {
  expect(await start()).toBeUndefined()
  const admin = (sql: string) => query('hamlet_admin', 'first', 'postgres', sql)
  expect(
    await admin('SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user'),
  ).toEqual([{ rolsuper: false, rolcreatedb: true, rolcreaterole: true }])
  expect(await admin('SHOW data_checksums')).toEqual([{ data_checksums: 'on' }])
  for (const name of ['garden_1', 'choir_1']) {
    await admin(`CREATE ROLE ${name} LOGIN PASSWORD 'own'`)
    await admin(`CREATE DATABASE ${name}`)
  }
  expect(await query('garden_1', 'own', 'garden_1', 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  for (const other of ['choir_1', 'postgres', 'template1']) {
    await expect(query('garden_1', 'own', other, 'SELECT 1')).rejects.toThrow('no pg_hba.conf entry')
  }
  await expect(query('postgres', 'root', 'postgres', 'SELECT 1')).rejects.toThrow('pg_hba.conf rejects')
  await expect(query('hamlet_admin', 'wrong', 'postgres', 'SELECT 1')).rejects.toThrow(
    'password authentication',
  )
})

test('a new Secret on an old volume: its passwords hold, the data stays', async () => {
  expect(await start()).toBeUndefined()
  await query('hamlet_admin', 'first', 'postgres', 'CREATE DATABASE kept')
  // As when the node goes away.
  await stop('SIGQUIT')
  const awkward = `it's "$HOME" \\ new`
  await secret({ username: 'hamlet_admin', password: awkward, 'superuser-password': 'root' })
  expect(await start()).toBeUndefined()
  const sql = "SELECT datname FROM pg_database WHERE datname = 'kept'"
  expect(await query('hamlet_admin', awkward, 'postgres', sql)).toEqual([{ datname: 'kept' }])
  await expect(query('hamlet_admin', 'first', 'postgres', sql)).rejects.toThrow('password authentication')
})

test('a first start that was cut short is begun again', async () => {
  await mkdir(join(home, 'volume/pgdata.new'))
  await writeFile(join(home, 'volume/pgdata.new/half'), '')
  if (root) await chown(join(home, 'volume/pgdata.new'), NOBODY, NOBODY)
  expect(await start()).toBeUndefined()
  expect((await readdir(join(home, 'volume'))).sort()).toEqual(['lock', 'pgdata'])
})

test('a second server on the same volume waits until the first has ended', async () => {
  expect(await start()).toBeUndefined()
  const first = running
  const waiting = Promise.withResolvers<void>()
  const second = start((said) => said.includes('waiting for another server') && waiting.resolve())
  expect(await Promise.race([waiting.promise, second])).toBeUndefined()
  expect(await query('hamlet_admin', 'first', 'postgres', 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  first?.kill('SIGQUIT')
  expect(await second).toBeUndefined()
  expect(await query('hamlet_admin', 'first', 'postgres', 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('a data folder that is no PostgreSQL is left alone', async () => {
  await mkdir(data())
  await writeFile(join(data(), 'diary.txt'), 'dear diary')
  expect(await start()).toMatchObject({ ended: 1, said: expect.stringContaining('nothing is overwritten') })
  expect(await readdir(data())).toEqual(['diary.txt'])
})

test.each([
  [{ username: 'hamlet_admin', password: 'first' }, "the Secret lacks 'superuser-password'"],
  [{ username: 'bob', password: 'first', 'superuser-password': 'root' }, "'username' must be hamlet_admin"],
  [
    { username: 'hamlet_admin', password: 'two\nlines\n', 'superuser-password': 'root' },
    "'password' has more than one line",
  ],
])('a Secret that cannot be used is named: %#', async (keys, message) => {
  await secret(keys)
  expect(await start()).toMatchObject({ ended: 1, said: expect.stringContaining(message) })
})
