import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { BROUGHT, dump, live, must, strangersPost } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { join, stranger } from '../../test/postgres/people.ts'
import { STEPS } from '../directory/moves/move.ts'
import { readMove } from '../directory/moves/read.ts'
import { readNotifications } from '../notifications/list.ts'
import { writePost } from '../posts/write.ts'
import { readThread } from '../timelines/thread.ts'
import { homeTimeline } from '../timelines/timelines.ts'
import { columnsOf } from './rows/columns.ts'
import { digestsOf } from './rows/digest.ts'
import { inSnapshot } from './rows/export.ts'

const homes = neighbourhood({ homes: 2 })
const { at } = homes

const digests = (ordinal: number, id: string) =>
  inSnapshot(at(ordinal).db, async (tx) => digestsOf(tx, id, BROUGHT, await columnsOf(at(ordinal).db)))
const pages = async (ordinal: number, id: string) => {
  const { db } = at(ordinal)
  // Who is a resident of which home is no part of what a person said.
  const plain = (value: unknown) =>
    JSON.parse(JSON.stringify(value, (key, inner) => (key === 'resident' ? undefined : inner)))
  return {
    home: plain((await homeTimeline(db, { id, ordinal })).entries),
    told: plain(
      (await readNotifications(db, { id, ordinal })).notifications.filter((one) => one.kind !== 'notice'),
    ),
  }
}
const seats = () =>
  homes.community.directory.selectFrom('instances').select('taken').orderBy('ordinal').execute()
const residents = async () =>
  Promise.all(
    [1, 2].map(
      async (n) => (await at(n).db.selectFrom('home').select('residents').executeTakeFirst())?.residents,
    ),
  )

test('a whole life moves: everything is the same afterwards, and nothing is left that is not a neighbour’s', async () => {
  const ana = await join(at(1), 'ana')
  const life = await live(at(1), ana, 'ana')
  const before = { digests: await digests(1, ana.id), pages: await pages(1, ana.id) }
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  const after = { digests: await digests(2, ana.id), pages: await pages(2, ana.id) }
  // The epoch is one more; deliveries are numbered anew.
  expect({ ...after.digests, members: 0, deliveries: after.digests.deliveries?.count }).toEqual({
    ...before.digests,
    members: 0,
    deliveries: before.digests.deliveries?.count,
  })
  for (const [table, { count }] of Object.entries(before.digests)) {
    if (table !== 'post_aliases') expect([table, count > 0]).toEqual([table, true])
  }
  expect(after.pages).toEqual(before.pages)
  expect(await at(2).db.selectFrom('members').select(['id', 'state', 'epoch']).execute()).toEqual([
    { id: ana.id, state: 'active', epoch: 2 },
  ])
  const thread = await readThread(at(2).db, undefined, life.posts[0] ?? '')
  expect(thread?.below.map((entry) => entry.post.id)).toEqual([life.answer])
  // At the first home neighbours see what they could see, and what only a home has is gone.
  const left = await dump(at(1))
  expect(
    Object.keys(left).filter(
      (name) =>
        /members|session|keys|media|outbox|deliveries|kv|notif/.test(name) && name.startsWith('public'),
    ),
  ).toEqual([])
  const kept = await at(1)
    .db.selectFrom('posts')
    .select(['visibility', 'object_json', 'content_text'])
    .where('account_id', '=', ana.id)
    .execute()
  expect(kept.map(({ visibility }) => visibility).toSorted()).toEqual(['instance', 'public', 'public'])
  expect(kept.every((post) => post.object_json === null && post.content_text === null)).toBe(true)
  expect([await seats(), await residents()]).toEqual([
    [{ taken: 0 }, { taken: 1 }],
    [0, 1],
  ])
  // Nothing staged is left at the new home, and the old one keeps all of it aside.
  expect(Object.keys(await dump(at(2))).filter((name) => name.startsWith('carried'))).toEqual([])
  const { rows } = await sql<{
    count: number
  }>`SELECT count(*)::integer AS count FROM carried.posts WHERE account_id = ${ana.id}::bigint`.execute(
    at(1).db,
  )
  expect(rows).toEqual([{ count: before.digests.posts?.count }])

  const again = must(await writePost(at(2), { ...ana, epoch: 2 }, { text: 'Here now', visibility: 'public' }))
  expect(await homes.mover.move(ana.id, 1)).toEqual({ is: 'done' })
  const back = await digests(1, ana.id)
  expect(back.posts?.count).toBe((before.digests.posts?.count ?? 0) + 1)
  expect(await readThread(at(1).db, undefined, again.id)).toBeDefined()
})

test('a cached post that the new home knows under another id is found by the old one too', async () => {
  const mia = await join(at(1), 'mia')
  const life = await live(at(1), mia, 'mia')
  const friend = await stranger(at(2), 'mias_friend')
  const earlier = new Date('2026-01-01T00:00:00.123Z')
  const here = await strangersPost(at(2), friend, 'mia-liked', { received: earlier })
  expect(here.id).not.toBe(life.liked)
  expect(await homes.mover.move(mia.id, 2)).toEqual({ is: 'done' })
  expect(await at(2).db.selectFrom('post_aliases').selectAll().execute()).toEqual([
    { member_id: mia.id, old_id: life.liked, post_id: here.id },
  ])
  const liked = await at(2)
    .db.selectFrom('likes')
    .select('post_id')
    .where('account_id', '=', mia.id)
    .execute()
  expect(liked).toEqual([{ post_id: here.id }])
  const answer = await writePost(
    at(2),
    { ...mia, epoch: 2 },
    { text: 'Old id', visibility: 'public', replyTo: life.liked },
  )
  const row = await at(2)
    .db.selectFrom('posts')
    .select('in_reply_to_id')
    .where('id', '=', must(answer).id)
    .executeTakeFirst()
  expect(row?.in_reply_to_id).toBe(here.id)
})

describe('undone from any step before the switch, both databases are as they were', () => {
  const before = STEPS.slice(0, STEPS.indexOf('switched'))
  test.each(before)('%s', async (last) => {
    const handle = `undo_${last.replace('-', '_')}`
    const uma = await join(at(1), handle)
    await live(at(1), uma, handle)
    const start = { 1: await dump(at(1)), 2: await dump(at(2)), seats: await seats() }
    const begun = must(await homes.mover.begin(uma.id, 2))
    await homes.mover.driveTo(begun.id, last)
    expect((await readMove(homes.community.directory, begun.id))?.step).toBe(last)
    expect(await homes.mover.abandon(begun.id, 'wanted')).toBe(true)
    expect(await homes.mover.drive(begun.id)).toEqual({ is: 'undone', code: 'wanted' })
    expect({ 1: await dump(at(1)), 2: await dump(at(2)), seats: await seats() }).toEqual(start)
    must(await writePost(at(1), uma, { text: 'Still here', visibility: 'public' }))
  })
})
