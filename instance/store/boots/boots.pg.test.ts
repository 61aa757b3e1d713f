// That a process knows its own database again, and no other: not one that was put in its place, nor its own of before.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeCommunity, runAt, type TestCommunity } from '../../../test/postgres/databases.ts'
import { makeInstance, type TestInstance } from '../../../test/postgres/instances.ts'
import { type PostgresServer, startPostgres } from '../../../test/postgres/server/server.ts'
import { type InstanceDatabase, type InstanceTables, openDatabase } from '../database.ts'
import { askBooted } from './boots.ts'

// A server of its own: it ends and starts again.
let postgres: PostgresServer
let community: TestCommunity
let db: InstanceDatabase
let town: TestInstance
beforeAll(async () => {
  postgres = await startPostgres()
  community = await makeCommunity(postgres.port)
  const home = community.homes.get(1)
  if (!home) throw new Error('no home')
  db = home.db
  town = await makeInstance({ ...community, db }, 1)
})
afterAll(async () => {
  await town.close()
  await community.close()
  await postgres.stop()
})

const booted = () => askBooted(db, town.boot.id)

/** What a guard of a running process does: it looks as soon as there is a new connection. */
async function guarded(until: () => Promise<boolean>): Promise<void> {
  const guard = town.boot.guard()
  try {
    await vi.waitUntil(
      async () => {
        town.boot.connected()
        return until()
      },
      { timeout: 30_000 },
    )
  } finally {
    await guard.stop()
  }
}

test('its own database, asked by itself and in a transaction', async () => {
  expect(await booted()).toBe(true)
  expect(await db.transaction().execute((tx) => askBooted(tx, town.boot.id))).toBe(true)
  expect(await askBooted(db, '')).toBe(false)
})

test('a copy, with every row just as it is, is another database', async () => {
  const original = new URL(community.adminUrls.homes.get(1) ?? '')
  const name = original.pathname.slice(1)
  const copy = new URL(`/${name}_copy`, original)
  // Nobody may be connected to what is copied.
  await runAt(new URL('/postgres', original).href, `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
  await runAt(
    new URL('/postgres', original).href,
    'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1',
    [name],
  )
  await runAt(new URL('/postgres', original).href, `CREATE DATABASE ${name}_copy TEMPLATE ${name}`)
  await runAt(new URL('/postgres', original).href, `ALTER DATABASE ${name} ALLOW_CONNECTIONS true`)

  const rows = 'SELECT id, xmin::text, started_at FROM boots ORDER BY id'
  const theirs = await runAt(copy.href, rows)
  expect(theirs).toHaveLength(1)
  expect(theirs).toEqual(await runAt(original.href, rows))

  const copied = openDatabase<InstanceTables>(copy.href, { name: 'copy' })
  expect(await askBooted(copied, town.boot.id)).toBe(false)
  await copied.destroy()
  expect(await booted()).toBe(true)
})

test('a row that a dump wrote anew is another row', async () => {
  const url = community.adminUrls.homes.get(1) ?? ''
  const [row] = await runAt<{ id: string; started_at: Date }>(url, 'DELETE FROM boots RETURNING *')
  expect(await booted()).toBe(false)
  await runAt(url, 'INSERT INTO boots (id, started_at) VALUES ($1, $2)', [row?.id, row?.started_at])
  expect(await booted()).toBe(false)

  await guarded(booted)
})

test('after the server was away who lives here is verified before anything is written', async () => {
  const before = town.boot.id
  await postgres.kill()
  await postgres.start()
  expect(await booted()).toBe(false)

  await guarded(booted)
  expect(town.boot.id).not.toBe(before)
})
