import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, runAt, type TestCommunity } from '../../../test/postgres/databases.ts'
import { isDrained } from '../../decide/instances/drained.ts'
import { countOwed, readHome } from '../home.ts'
import { openServer, type Server, withSession } from '../server/session.ts'
import { dropDatabase } from './database.ts'
import { retireDatabase } from './retire.ts'

let community: TestCommunity
let server: Server
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 3, cap: 2 })
  server = openServer({
    host: '127.0.0.1',
    port: inject('postgresPort'),
    username: 'postgres',
    password: '',
    database: 'postgres',
  })
})
afterAll(() => community?.close())

const url = (ordinal: number) => community.adminUrls.homes.get(ordinal) ?? ''
const name = (ordinal: number) => new URL(url(ordinal)).pathname.slice(1)
const look = (ordinal: number) => withSession(server, name(ordinal), readHome)
const databases = async (ordinal: number) =>
  (
    await withSession(server, undefined, (session) =>
      session.query('SELECT FROM pg_database WHERE datname = $1', [name(ordinal)]),
    )
  ).length

test('what lies in a home is counted, but for what was given up', async () => {
  const none = { moves: 0, intake: 0, spool: 0, deliveries: 0, sinceLeft: null }
  expect(await look(1)).toMatchObject({ residents: 0, leftovers: none })
  expect(isDrained(await look(1))).toBe(true)
  const sql = (text: string) => runAt(url(1), text)
  await sql(`INSERT INTO intake (activity_uri, actor_uri, body, dead_at) VALUES ('a', 'b', '{}', now())`)
  await sql(`INSERT INTO moves (id, side, member_id, other, epoch, attempt, state, changed_at)
    VALUES (1, 'source', 1, 2, 1, 1, 'demoted', now() - interval '3 days'), (2, 'target', 2, 2, 1, 1, 'active', now())`)
  const left = await look(1)
  expect([isDrained(left), Math.floor((left.leftovers?.sinceLeft ?? 0) / 86_400_000)]).toEqual([true, 3])
  for (const row of [
    `INSERT INTO intake (activity_uri, actor_uri, body) VALUES ('a', 'b', '{}')`,
    `INSERT INTO spool (ordinal, activity_uri, actor_uri, body) VALUES (2, 'a', 'b', '{}')`,
    `INSERT INTO moves (id, side, member_id, other, epoch, attempt, state) VALUES (3, 'source', 1, 2, 1, 1, 'logging')`,
  ]) {
    await sql(row)
    expect(isDrained(await look(1))).toBe(false)
    if (row.includes('spool'))
      expect(
        await withSession(server, name(1), async (session) => [
          await countOwed(session, 2),
          await countOwed(session, 3),
        ]),
      ).toEqual([1, 0])
    await sql(`DELETE FROM ${/INTO (\w+)/.exec(row)?.[1]} WHERE true`)
  }
})

test('one that is not empty is left as it is', async () => {
  await runAt(url(1), `INSERT INTO intake (activity_uri, actor_uri, body) VALUES ('a', 'b', '{}')`)
  await expect(retireDatabase(server, { name: name(1), keep: false })).rejects.toThrow('is not empty')
  expect(await databases(1)).toBe(1)
})

test('one that does not say whose it is may hold what is being restored: it is never dropped', async () => {
  const empty = `${name(1)}1`
  await withSession(server, undefined, (session) => session.query(`CREATE DATABASE ${empty}`))
  try {
    await retireDatabase(server, { name: empty, keep: true })
    await expect(retireDatabase(server, { name: empty, keep: false })).rejects.toThrow('is not empty')
    expect(
      await withSession(server, undefined, (session) =>
        session.query('SELECT FROM pg_database WHERE datname = $1', [empty]),
      ),
    ).toHaveLength(1)
  } finally {
    await dropDatabase(server, empty)
  }
})

test('kept, nobody logs in with its role any more; dropped, it is gone with its role. Twice is once', async () => {
  for (let turn = 0; turn < 2; turn++) await retireDatabase(server, { name: name(2), keep: true })
  expect(await databases(2)).toBe(1)
  await expect(runAt(community.homes.get(2)?.url ?? '', 'SELECT 1')).rejects.toThrow(
    'not permitted to log in',
  )
  await community.homes.get(3)?.db.destroy()
  for (let turn = 0; turn < 2; turn++) await retireDatabase(server, { name: name(3), keep: false })
  expect(await databases(3)).toBe(0)
})
