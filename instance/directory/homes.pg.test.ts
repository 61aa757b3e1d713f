import pg from 'pg'
import pino from 'pino'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../../test/postgres/instances.ts'
import { verifyResidents } from '../store/boots/residents.ts'
import { type DirectoryTables, openDatabase } from '../store/database.ts'
import { changeDirectory, changeFor } from './change.ts'
import { openHomes } from './homes.ts'

let community: TestCommunity
let admin: pg.Client
let home: TestInstance
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 2 })
  admin = new pg.Client({ connectionString: community.adminUrls.directory })
  await admin.connect()
  home = await makeInstance(homeOf(community, 1), 1)
})
afterAll(async () => {
  await home.close()
  await admin.end()
  await community.close()
})

const add = (id: number, handle: string, at = 1) =>
  admin.query("INSERT INTO members (id, handle, home, state) VALUES ($1, $2, $3, 'active')", [id, handle, at])
const raise = () => admin.query('UPDATE meta SET revision = revision + 1')

test('a change is in memory once its revision was seen, and everything is answered from there', async () => {
  const { homes } = home.instance
  const before = homes.revision
  await add(1, 'ana')
  await add(2, 'bea', 2)
  await raise()
  expect(homes.byHandle('ana')).toBeUndefined()
  await homes.refresh()
  expect(homes.byHandle('ANA')).toMatchObject({ id: '1', home: 1, epoch: 1, state: 'active' })
  expect(homes.byId('2')).toMatchObject({ handle: 'bea', home: 2 })
  expect([...homes.all()].length).toBe(2)
  expect(homes.totals()).toEqual({ members: 2, waiting: 0 })
  expect(homes.instances().map(({ ordinal, taken }) => [ordinal, taken])).toEqual([
    [1, 1],
    [2, 1],
  ])
  expect(homes.revision).toBe(before + 1n)
})

test('one member’s row can be read past memory, and corrects it', async () => {
  const { homes } = home.instance
  await add(3, 'cleo', 2)
  expect(await homes.freshByHandle('Cleo')).toMatchObject({ id: '3' })
  expect(homes.byId('3')).toMatchObject({ handle: 'cleo' })
  await admin.query('DELETE FROM members WHERE id = 3')
  expect(await homes.freshById('3')).toBeUndefined()
  expect(homes.byHandle('cleo')).toBeUndefined()
})

/** Memory of a directory whose answers can be held up on their way. */
function slowHomes() {
  let held: PromiseWithResolvers<void> | undefined
  let waiting = 0
  const directory = community.directory.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      if (held) waiting++
      await held?.promise
      return result
    },
  })
  const { db } = homeOf(community, 1)
  return {
    homes: openHomes({ directory, db, log: pino({ level: 'silent' }), random: Math.random }),
    hold: () => {
      const holding = Promise.withResolvers<void>()
      held = holding
      return {
        /** Once so many wait; whatever comes after them does not. */
        by: async (answers: number) => {
          await vi.waitFor(() => expect(waiting).toBe(answers))
          held = undefined
        },
        end: () => holding.resolve(),
      }
    },
  }
}

test('a row that was read before everything was, and comes after it, corrects nothing', async () => {
  const { homes, hold } = slowHomes()
  await add(40, 'gone', 1)
  await raise()
  await homes.refresh()
  const held = hold()
  const reads = [homes.freshById('40'), homes.freshByHandle('new')]
  await held.by(2)
  await admin.query('UPDATE members SET home = 2, epoch = 2 WHERE id = 40')
  await add(41, 'new', 2)
  await raise()
  await homes.refresh()
  held.end()
  expect((await Promise.all(reads)).map((home) => home?.home)).toEqual([2, 2])
  expect([homes.byId('40')?.home, homes.byHandle('new')?.home]).toEqual([2, 2])
  await admin.query('DELETE FROM members WHERE id IN (40, 41)')
})

test('everything that was read before one row was, and comes after it, does not undo what that corrected', async () => {
  const { homes, hold } = slowHomes()
  await add(50, 'mover', 1)
  await add(51, 'newcomer', 1)
  await admin.query("UPDATE members SET state = 'pending' WHERE id = 51")
  await raise()
  await homes.refresh()
  const held = hold()
  const all = homes.refresh()
  await held.by(1)
  await admin.query('UPDATE members SET home = 2, epoch = 2 WHERE id = 50')
  await admin.query("UPDATE members SET state = 'active' WHERE id = 51")
  await add(52, 'later', 1)
  await raise()
  for (const id of ['50', '51', '52']) await homes.freshById(id)
  held.end()
  await all
  expect(homes.byId('50')).toMatchObject({ home: 2, epoch: 2 })
  expect(homes.byHandle('newcomer')).toMatchObject({ state: 'active' })
  expect(homes.byHandle('later')).toMatchObject({ home: 1 })
  await admin.query('DELETE FROM members WHERE id IN (50, 51, 52)')
})

test('many changes at once come one after the other, each with a revision of its own', async () => {
  const start = Number((await admin.query('SELECT revision FROM meta')).rows[0].revision)
  let inside = 0
  await Promise.all(
    Array.from({ length: 10 }, () =>
      changeDirectory(community.directory, async () => {
        expect(++inside).toBe(1)
        await new Promise((resolve) => setImmediate(resolve))
        inside--
        return true
      }),
    ),
  )
  expect(Number((await admin.query('SELECT revision FROM meta')).rows[0].revision)).toBe(start + 10)
})

test('while the directory is down memory still answers, and a change is refused with a clear code', async () => {
  const { db } = homeOf(community, 1)
  const gone = openDatabase<DirectoryTables>('postgres://nobody@127.0.0.1:1/none', { name: 'test' })
  const homes = openHomes({
    directory: community.directory,
    db,
    log: pino({ level: 'silent' }),
    random: Math.random,
  })
  await homes.refresh()
  const refused = await changeFor({ directory: gone, homes }, async () => true)
  expect(refused).toMatchObject({ code: 'directory-unreachable', retryAfter: 5 })
  const lost = openHomes({ directory: gone, db, log: pino({ level: 'silent' }), random: Math.random })
  await expect(lost.refresh()).rejects.toThrow()
  expect(lost.loaded).toBe(false)
  expect(homes.byHandle('ana')).toBeDefined()
  await gone.destroy()
})

test('a directory that went back in time is noticed, also after a restart, and nothing is changed in it', async () => {
  const { homes } = home.instance
  await raise()
  await raise()
  await homes.refresh()
  await admin.query('UPDATE meta SET revision = revision - 1')
  // Before any poll has noticed.
  expect(await changeFor(home.instance, async () => true)).toMatchObject({ code: 'directory-regressed' })
  await homes.refresh()
  expect(homes.regressed).toBe(true)
  const again = await makeInstance(homeOf(community, 1), 1)
  expect(again.instance.homes.regressed).toBe(true)
  expect(await changeFor(again.instance, async () => true)).toMatchObject({ code: 'directory-regressed' })
  await again.close()
  await admin.query('UPDATE meta SET incarnation = incarnation + 1')
  await homes.refresh()
  expect(homes.regressed).toBe(false)
  expect(await changeFor(home.instance, async () => true)).toBe(true)
})

test('polling notices a change by itself', async () => {
  const { homes } = home.instance
  // Somebody waits, so it looks every second.
  await admin.query("INSERT INTO waiting (token_hash, handle, password_hash) VALUES ('x', 'eva', '')")
  await homes.refresh()
  const poll = homes.poll()
  await add(4, 'dora')
  await raise()
  await vi.waitFor(() => expect(homes.byHandle('dora')).toBeDefined(), { timeout: 5_000 })
  await poll.stop()
})

test('a home restored from an old copy lets go of who moved away, and of nobody else', async () => {
  const { instance } = home
  for (const [id, handle] of [
    ['1', 'ana'],
    ['4', 'dora'],
    ['8', 'unknown'],
  ] as const) {
    await instance.db
      .insertInto('accounts')
      .values({ id, uri: handle, handle, url: 'u', inbox: 'i' })
      .execute()
    await instance.db
      .insertInto('members')
      .values({ id, handle, state: 'active', password_hash: '', epoch: id === '4' ? 3 : 1 })
      .execute()
  }
  await admin.query('UPDATE members SET home = 2, epoch = 2 WHERE id = 1')
  await add(5, 'missing')
  await raise()
  const { db, directory, homes, log } = instance
  expect(await verifyResidents({ db, directory, homes, log, ordinal: 1 })).toEqual({
    demote: [{ id: '1', epoch: 1 }],
    missing: ['5'],
    unknown: ['4', '8'],
  })
  const states = await db.selectFrom('members').select(['id', 'state']).orderBy('id').execute()
  expect(states).toEqual([
    { id: '1', state: 'leaving' },
    { id: '4', state: 'active' },
    { id: '8', state: 'active' },
  ])
})

test('once idle, what was being read has been read', async () => {
  const { homes } = home.instance
  await homes.idle()
  await add(6, 'finn')
  await raise()
  let over = false
  const reading = homes.refresh().then(() => {
    over = true
  })
  homes.soon()
  await homes.idle()
  expect([over, homes.byHandle('finn')?.id]).toEqual([true, '6'])
  await reading
})
