// Writes that race with a move: whatever was acknowledged is at the new home, once.
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { live, must, strangersPost } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { stranger, type TestMember } from '../../test/postgres/people.ts'
import { readMove } from '../directory/moves/read.ts'
import { leaseDeliveries } from '../federation/out/lease.ts'
import { like, unlike } from '../posts/react.ts'
import { deletePost } from '../posts/remove.ts'
import { writePost } from '../posts/write.ts'
import { isRefusal } from '../refusal.ts'
import { asMember } from '../store/as-member.ts'
import { ofMember } from '../store/kv.ts'
import { sweepMoves, tendMoves } from './tend.ts'

const homes = neighbourhood({
  homes: 2,
  people: ['ana', 'ben', 'cem', 'dee', 'eva', 'fay', 'gil'],
})
const { at, person } = homes

const stateOf = async (ordinal: number, id: string) =>
  (await at(ordinal).db.selectFrom('members').select('state').where('id', '=', id).executeTakeFirst())?.state

test('nothing that was acknowledged is lost, nothing is there twice, and what was deleted stays deleted', async () => {
  const ana = person('ana')
  await live(at(1), ana, 'ana')
  const target = await strangersPost(at(1), await stranger(at(1), 'likeable'), 'likeable')
  const alive = new Set<string>()
  const deleted = new Set<string>()
  let liked = false
  let moved = false
  /** Writes, deletes and likes at the first home, as fast as it goes, until it says that she has left. */
  const busy = async (n: number) => {
    for (let count = 0; ; count++) {
      const post = await writePost(at(1), ana, { text: `Post ${n}.${count}`, visibility: 'public' })
      if (isRefusal(post)) {
        if (post.code === 'elsewhere') return
        expect(['frozen', 'unavailable']).toContain(post.code)
        continue
      }
      alive.add(post.id)
      if (count % 3 === 0) {
        const gone = await deletePost(at(1), ana, post.id)
        if (!isRefusal(gone)) {
          alive.delete(post.id)
          deleted.add(post.id)
        }
      }
      if (n === 0) {
        const reacted = await (liked ? unlike : like)(at(1), ana, target.id)
        if (!isRefusal(reacted)) liked = !liked
      }
    }
  }
  const writers = [0, 1, 2].map(busy)
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  moved = true
  await Promise.all(writers)
  expect([moved, alive.size > 0, deleted.size > 0]).toEqual([true, true, true])
  const there = await at(2)
    .db.selectFrom('posts')
    .select(['id', 'uri'])
    .where('account_id', '=', ana.id)
    .execute()
  const ids = new Set(there.map(({ id }) => id))
  expect([...alive].filter((id) => !ids.has(id))).toEqual([])
  expect([...deleted].filter((id) => ids.has(id))).toEqual([])
  const likes = await at(2)
    .db.selectFrom('likes')
    .select('post_id')
    .where('account_id', '=', ana.id)
    .where('post_id', '=', target.id)
    .execute()
  expect(likes).toHaveLength(liked ? 1 : 0)
  // Whatever is to be sent is to be sent from there, and from nowhere else.
  expect(await at(1).db.selectFrom('outbox').select('id').where('member_id', '=', ana.id).execute()).toEqual(
    [],
  )
})

test('one who is frozen for too long writes again at the old home, and the move is given up', async () => {
  const ben = person('ben')
  const begun = must(await homes.mover.begin(ben.id, 2))
  await homes.mover.driveTo(begun.id, 'frozen')
  const post = (who: TestMember) => writePost(at(1), who, { text: 'Hello', visibility: 'public' })
  expect(await post(ben)).toMatchObject({ code: 'frozen', retryAfter: 2 })
  await tendMoves(at(1))
  expect(await stateOf(1, ben.id)).toBe('frozen')
  await tendMoves(at(1), { frozenMs: 0 })
  expect(await stateOf(1, ben.id)).toBe('active')
  must(await post(ben))
  await tendMoves(at(2))
  expect(await stateOf(2, ben.id)).toBeUndefined()
  // Late, the driver finds that there is nothing to be done any more.
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'undone', code: 'frozen-too-long' })
  expect(await homes.mover.move(ben.id, 2)).toEqual({ is: 'done' })
})

test('one who was switched is not thawed, and both homes end the move without a driver', async () => {
  const cem = person('cem')
  const begun = must(await homes.mover.begin(cem.id, 2))
  await homes.mover.driveTo(begun.id, 'switched')
  await tendMoves(at(1), { frozenMs: 0 })
  expect([await stateOf(1, cem.id), await stateOf(2, cem.id)]).toEqual(['frozen', 'staged'])
  await tendMoves(at(2))
  expect(await stateOf(2, cem.id)).toBe('active')
  must(await writePost(at(2), { ...cem, epoch: 2 }, { text: 'Here', visibility: 'public' }))
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'done' })
  expect(await stateOf(1, cem.id)).toBeUndefined()
})

test('while the directory cannot be read, or is an older copy, the frozen stay frozen', async () => {
  const dee = person('dee')
  const begun = must(await homes.mover.begin(dee.id, 2))
  await homes.mover.driveTo(begun.id, 'frozen')
  const home = at(1)
  const older = Object.create(home, {
    homes: { value: Object.create(home.homes, { regressed: { value: true } }) },
  })
  await tendMoves(older, { frozenMs: 0 })
  expect(await stateOf(1, dee.id)).toBe('frozen')
  const broken = Object.create(home, {
    directory: {
      value: {
        selectFrom: () => {
          throw new Error('ECONNREFUSED')
        },
      },
    },
  })
  await expect(tendMoves(broken, { frozenMs: 0 })).rejects.toThrow('ECONNREFUSED')
  expect(await stateOf(1, dee.id)).toBe('frozen')
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'done' })
})

test('a delivery under way is waited for, and none is begun after that', async () => {
  const eva = person('eva')
  await live(at(1), eva, 'eva')
  const leased = await leaseDeliveries(at(1).db, { most: 1, leaseS: 60 })
  expect(leased[0]?.member_id).toBe(eva.id)
  const begun = must(await homes.mover.begin(eva.id, 2))
  await homes.mover.driveTo(begun.id, 'copied')
  const driving = homes.mover.drive(begun.id)
  await expect
    .poll(
      async () =>
        (await at(1).db.selectFrom('moves').select('state').where('id', '=', begun.id).executeTakeFirst())
          ?.state,
    )
    .toBe('quiet')
  expect(await leaseDeliveries(at(1).db, { most: 9, leaseS: 60 })).toEqual([])
  must(await writePost(at(1), eva, { text: 'Writes go on', visibility: 'public' }))
  expect((await readMove(homes.community.directory, begun.id))?.step).toBe('copied')
  await at(1)
    .db.deleteFrom('deliveries')
    .where('id', '=', leased[0]?.id ?? '')
    .execute()
  expect(await driving).toEqual({ is: 'done' })
  const next = await leaseDeliveries(at(2).db, { most: 9, leaseS: 60 })
  expect(next.length).toBeGreaterThan(0)
})

test('whoever is writing when the freeze comes is waited for, and what they wrote moves too', async () => {
  const fay = person('fay')
  const begun = must(await homes.mover.begin(fay.id, 2))
  await homes.mover.driveTo(begun.id, 'quiesced')
  let letGo = () => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  // Has been let in, and writes only when the freeze is under way.
  const slow = asMember(at(1), fay, async (tx) => {
    await held
    await tx.insertInto('tombstones').values({ uri: 'late', actor_uri: 'fay', member_id: fay.id }).execute()
    return true
  })
  const driving = homes.mover.drive(begun.id)
  const waiting = async () => {
    const { rows } = await sql<{ count: number }>`
      SELECT count(*)::integer AS count FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`.execute(at(1).db)
    return rows[0]?.count
  }
  await expect.poll(waiting, { interval: 20, timeout: 20_000 }).toBe(1)
  // Others are let in while it waits: it asks again and again rather than standing in their way.
  must(await writePost(at(1), fay, { text: 'Meanwhile', visibility: 'public' }))
  letGo()
  expect([await slow, await driving]).toEqual([true, { is: 'done' }])
  expect(
    await at(2).db.selectFrom('tombstones').select('uri').where('member_id', '=', fay.id).execute(),
  ).toEqual([{ uri: 'late' }])
})

test('what is swept away in the middle of a freeze stops no move', async () => {
  const gil = person('gil')
  await live(at(1), gil, 'gil')
  const begun = must(await homes.mover.begin(gil.id, 2))
  const old = new Date('2026-01-01T00:00:00Z')
  for (let n = 0; n < 9; n++) {
    await at(1)
      .db.insertInto('kv')
      .values({ key: ofMember('once', gil.id, n), value: '1', expires_at: old })
      .execute()
    await at(1)
      .db.insertInto('outbox')
      .values({
        id: String(n + 1),
        member_id: gil.id,
        activity_uri: `old-${n}`,
        ordering_key: 'old',
        activity: '{}',
        created_at: old,
      })
      .execute()
  }
  let frozen = false
  let swept = 0
  const call: typeof homes.mover.deps.call = async (ordinal, path, options) => {
    // As the hourly sweep would, whichever the moment.
    if (frozen && swept < 9) {
      await at(1).db.deleteFrom('kv').where('key', '=', `once:${gil.id}:${swept}`).execute()
      await at(1).db.deleteFrom('outbox').where('activity_uri', '=', `old-${swept}`).execute()
      swept++
    }
    const answer = await homes.mover.deps.call(ordinal, path, options)
    if (path.endsWith('/freeze')) frozen = true
    return answer
  }
  expect(await homes.mover.drive(begun.id, { call })).toEqual({ is: 'done' })
  expect(swept).toBeGreaterThan(2)
})

test('what was kept of somebody who left is forgotten when its time is over', async () => {
  const kept = async () =>
    (await at(1).db.selectFrom('moves').select('id').where('state', '=', 'demoted').execute()).length
  expect(await kept()).toBeGreaterThan(0)
  await sweepMoves(at(1))
  expect(await kept()).toBeGreaterThan(0)
  await sweepMoves(at(1), 0)
  expect(await kept()).toBe(0)
})
