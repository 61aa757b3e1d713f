import pg from 'pg'
import { expect, test } from 'vitest'
import { emptyHome } from '../../test/moves/world/empty.ts'
import { BROUGHT, live, must } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { follow } from '../members/follow.ts'
import { writePost } from '../posts/write.ts'
import { verifyResidents } from '../store/boots/residents.ts'
import { columnsOf } from './rows/columns.ts'
import { digestsOf } from './rows/digest.ts'
import { inSnapshot } from './rows/export.ts'
import { repairHome, tendMoves } from './tend.ts'

const homes = neighbourhood({ homes: 2, people: ['ana', 'cem', 'ida'] })
const { at } = homes

const digests = (ordinal: number, id: string) =>
  inSnapshot(at(ordinal).db, async (tx) => digestsOf(tx, id, BROUGHT, await columnsOf(at(ordinal).db)))

test('whoever was lost with a database is back as they were when they came there', async () => {
  const cem = homes.person('cem')
  const ana = homes.person('ana')
  expect(await homes.mover.move(cem.id, 2)).toEqual({ is: 'done' })
  await live(at(1), ana, 'ana')
  must(await follow(at(1), ana, cem.id))
  const before = await digests(1, ana.id)
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  const admin = new pg.Pool({ connectionString: homes.community.adminUrls.homes.get(2), max: 1 })
  await emptyHome(admin)
  await admin.end()
  const missing = async () =>
    (await at(2).db.selectFrom('home').select('missing').executeTakeFirst())?.missing
  await verifyResidents({ ...at(2), ordinal: 2 })
  expect(await missing()).toBe(2)
  homes.network.down.add(1)
  await repairHome(at(2))
  expect(await missing()).toBe(2)
  homes.network.down.delete(1)
  await repairHome(at(2))
  expect(await missing()).toBe(0)
  const after = await digests(2, ana.id)
  expect({ ...after, members: 0, deliveries: after.deliveries?.count }).toEqual({
    ...before,
    members: 0,
    deliveries: before.deliveries?.count,
  })
  const residents = at(2).db.selectFrom('members').select(['id', 'state', 'epoch'])
  expect(await residents.orderBy('id').execute()).toEqual(
    [ana.id, cem.id].toSorted().map((id) => ({ id, state: 'active', epoch: 2 })),
  )
  must(await writePost(at(2), { ...ana, epoch: 2 }, { text: 'Here again', visibility: 'public' }))
  // Nothing is left to do, and nothing is done.
  await verifyResidents({ ...at(2), ordinal: 2 })
  await repairHome(at(2))
  expect((await digests(2, ana.id)).posts?.count).toBe((before.posts?.count ?? 0) + 1)
})

test('a home that begins again before somebody on the way has arrived misses nobody who will', async () => {
  const ida = homes.person('ida')
  const move = must(await homes.mover.begin(ida.id, 2))
  await homes.mover.driveTo(move.id, 'switched')
  const { db } = at(2)
  const missed = async () => {
    const { missing } = await verifyResidents({ ...at(2), ordinal: 2 })
    const noted = await db.selectFrom('home').select('missing').executeTakeFirst()
    expect(noted?.missing).toBe(missing.length)
    return missing
  }
  expect(await missed()).toEqual([])
  // Copies of before she was there whole, and of before she arrived, when she has arrived already.
  const set = (state: string) => db.updateTable('moves').set({ state }).where('id', '=', move.id).execute()
  await set('copied')
  expect(await missed()).toEqual([ida.id])
  await set('sealed')
  expect(await missed()).toEqual([])
  const step = (now: string) =>
    homes.mover.deps.directory.updateTable('moves').set({ step: now }).where('id', '=', move.id).execute()
  await step('activated')
  expect(await missed()).toEqual([ida.id])
  await step('switched')
  await tendMoves(at(2))
  expect(await missed()).toEqual([])
  const row = await db.selectFrom('members').select('state').where('id', '=', ida.id).executeTakeFirst()
  expect(row?.state).toBe('active')
})
