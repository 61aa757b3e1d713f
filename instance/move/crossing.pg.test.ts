// Members whose moves cross: to the same home at a time, or each to where the other was.
import { expect, test } from 'vitest'
import { must } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { stranger } from '../../test/postgres/people.ts'
import { resolveAccount } from '../federation/resolve/account.ts'
import { follow, unfollow } from '../members/follow.ts'
import { deletePost } from '../posts/remove.ts'
import { writePost } from '../posts/write.ts'

const homes = neighbourhood({
  homes: 3,
  domain: 'garden.example',
  people: [
    'ana',
    'ben',
    'cem',
    'dee',
    'eva',
    'fay',
    'gil',
    'hal',
    'ida',
    'jon',
    'kim',
    'lea',
    'mia',
    'nat',
    'oda',
    'pia',
    'rob',
    'sue',
    'tim',
    'uma',
  ],
})
const { at, person, round } = homes

const followed = async (ordinal: number, follower: string, followee: string) =>
  at(ordinal)
    .db.insertInto('follows')
    .values({ follower_id: follower, followee_id: followee, state: 'accepted', activity_uri: null })
    .onConflict((conflict) => conflict.doNothing())
    .execute()

test('two who move to the same home at a time go on following each other', async () => {
  const [ana, ben] = [person('ana'), person('ben')]
  expect(await homes.mover.move(ben.id, 2)).toEqual({ is: 'done' })
  for (const n of [1, 2]) {
    for (const name of ['@ana', '@ben']) must(await resolveAccount(at(n), name))
    await followed(n, ana.id, ben.id)
    await followed(n, ben.id, ana.id)
  }
  const first = must(await homes.mover.begin(ana.id, 3))
  const second = must(await homes.mover.begin(ben.id, 3))
  // Ben's row is there, staged, when Ana arrives: he is no resident yet, who would know whom he follows.
  await homes.mover.driveTo(second.id, 'verified')
  expect(await homes.mover.drive(first.id)).toEqual({ is: 'done' })
  expect(await homes.mover.drive(second.id)).toEqual({ is: 'done' })
  const edges = await at(3)
    .db.selectFrom('follows')
    .select(['follower_id', 'state'])
    .orderBy('follower_id')
    .execute()
  expect(edges).toEqual([ana.id, ben.id].map((id) => ({ follower_id: id, state: 'accepted' })))
})

test('what comes for two who changed places is passed on to each once, and not back and forth for ever', async () => {
  const [cem, dee] = [person('cem'), person('dee')]
  expect(await homes.mover.move(dee.id, 2)).toEqual({ is: 'done' })
  for (const [n, who] of [
    [1, cem],
    [2, dee],
  ] as const) {
    await followed(n, who.id, await stranger(at(n), 'zoe'))
  }
  expect(await homes.mover.move(cem.id, 2)).toEqual({ is: 'done' })
  expect(await homes.mover.move(dee.id, 1)).toEqual({ is: 'done' })
  const zoe = 'https://other.example/users/zoe'
  const note = {
    id: 'https://other.example/notes/z',
    type: 'Note',
    attributedTo: zoe,
    content: 'Hello',
    to: ['https://www.w3.org/ns/activitystreams#Public'],
  }
  const body = { id: 'https://other.example/z', type: 'Create', actor: zoe, object: note }
  await at(1)
    .db.insertInto('intake')
    .values({ activity_uri: body.id, actor_uri: zoe, body: JSON.stringify(body) })
    .execute()
  let applied = 0
  for (let rounds = 0; rounds < 5; rounds++) applied += (await round(1)) + (await round(2))
  expect(applied).toBeLessThan(4)
  for (const n of [1, 2]) {
    const rows = await at(n).db.selectFrom('posts').select('uri').where('uri', '=', note.id).execute()
    expect(rows).toHaveLength(1)
  }
})

test('what neighbours write and delete while somebody is on the way reaches them where they go', async () => {
  const [eva, fay] = [person('eva'), person('fay')]
  await followed(1, eva.id, fay.id)
  const write = async (text: string) =>
    must(await writePost(at(1), fay, { text, visibility: 'followers' })).id
  const early = await write('Early')
  const begun = must(await homes.mover.begin(eva.id, 2))
  // Her copy is sealed by then.
  await homes.mover.driveTo(begun.id, 'verified')
  const late = await write('Late')
  await homes.mover.driveTo(begun.id, 'switched')
  // The first home's memory does not know yet that she has gone.
  must(await deletePost(at(1), fay, early))
  await round(1)
  await round(2)
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'done' })
  await homes.rounds([2])
  const there = await at(2).db.selectFrom('posts').select('id').where('account_id', '=', fay.id).execute()
  expect(there).toEqual([{ id: late }])
})

test('a follow that comes late to a home that somebody has come back to was taken back there as well', async () => {
  const [gil, hal] = [person('gil'), person('hal')]
  expect(await homes.mover.move(hal.id, 3)).toEqual({ is: 'done' })
  await at(1).homes.refresh()
  must(await resolveAccount(at(1), '@hal'))
  must(await follow(at(1), gil, hal.id))
  // Home 3 has not heard of it, and hears late.
  expect(await homes.mover.move(hal.id, 1)).toEqual({ is: 'done' })
  must(await unfollow(at(1), gil, hal.id))
  expect(await homes.mover.move(hal.id, 3)).toEqual({ is: 'done' })
  await homes.rounds([1, 3])
  for (const n of [1, 3]) {
    const edges = await at(n)
      .db.selectFrom('follows')
      .select('state')
      .where('follower_id', '=', gil.id)
      .execute()
    expect([n, edges]).toEqual([n, []])
  }
})

test.each([
  ['has gone by then', 'ida', 'jon', 1],
  ['stays', 'kim', 'lea', 3],
] as const)(
  'a follow that overtakes its follower counts, whether whoever is followed %s',
  async (_, a, b, end) => {
    const [fan, star] = [person(a), person(b)]
    expect(await homes.mover.move(star.id, 3)).toEqual({ is: 'done' })
    await at(1).homes.refresh()
    must(await resolveAccount(at(1), `@${star.handle}`))
    must(await follow(at(1), fan, star.id))
    // The first home hands it over only after both have moved.
    expect(await homes.mover.move(fan.id, 3)).toEqual({ is: 'done' })
    if (end !== 3) expect(await homes.mover.move(star.id, end)).toEqual({ is: 'done' })
    await homes.rounds([1, 3], 4)
    for (const n of [3, end]) {
      const edges = await at(n)
        .db.selectFrom('follows')
        .select('state')
        .where('follower_id', '=', fan.id)
        .execute()
      expect([n, edges]).toEqual([n, [{ state: 'accepted' }]])
    }
    const told = await at(end)
      .db.selectFrom('notifications')
      .select('kind')
      .where('member_id', '=', star.id)
      .where('account_id', '=', fan.id)
      .execute()
    expect(told).toEqual([{ kind: 'follow' }])
  },
)

test('whom she no longer follows, and follows again where they both live now, she follows', async () => {
  const [mia, nat] = [person('mia'), person('nat')]
  expect(await homes.mover.move(nat.id, 3)).toEqual({ is: 'done' })
  await at(1).homes.refresh()
  must(await resolveAccount(at(1), '@nat'))
  must(await follow(at(1), mia, nat.id))
  await homes.rounds([1, 3])
  must(await unfollow(at(1), mia, nat.id))
  // The first home hands that over only after she has changed her mind.
  expect(await homes.mover.move(mia.id, 3)).toEqual({ is: 'done' })
  const edges = () =>
    at(3).db.selectFrom('follows').select('state').where('follower_id', '=', mia.id).execute()
  expect(await edges()).toEqual([])
  must(await follow(at(3), { ...mia, epoch: 2 }, nat.id))
  await homes.rounds([1, 3])
  expect(await edges()).toEqual([{ state: 'accepted' }])
})

test('what is deleted before it comes to somebody who has gone does not come after them', async () => {
  const [oda, pia] = [person('oda'), person('pia')]
  expect(await homes.mover.move(pia.id, 3)).toEqual({ is: 'done' })
  await at(1).homes.refresh()
  for (const n of [1, 3]) {
    for (const name of ['@oda', '@pia']) must(await resolveAccount(at(n), name))
    await followed(n, pia.id, oda.id)
  }
  const post = must(await writePost(at(1), oda, { text: 'Regretted', visibility: 'followers' }))
  // The first home hands it over only after both have moved, and it is gone.
  expect(await homes.mover.move(oda.id, 3)).toEqual({ is: 'done' })
  must(await deletePost(at(3), { ...oda, epoch: 2 }, post.id))
  expect(await homes.mover.move(pia.id, 1)).toEqual({ is: 'done' })
  await homes.rounds([1, 3])
  for (const n of [1, 3]) {
    const left = await at(n).db.selectFrom('posts').select('id').where('id', '=', post.id).execute()
    expect([n, left]).toEqual([n, []])
  }
})

test('whom she asked anew on the way she follows, wherever she goes from there', async () => {
  const [rob, sue] = [person('rob'), person('sue')]
  expect(await homes.mover.move(sue.id, 3)).toEqual({ is: 'done' })
  await at(1).homes.refresh()
  must(await resolveAccount(at(1), '@sue'))
  must(await follow(at(1), rob, sue.id))
  await homes.rounds([1, 3])
  must(await unfollow(at(1), rob, sue.id))
  must(await follow(at(1), rob, sue.id))
  expect(await homes.mover.move(rob.id, 3)).toEqual({ is: 'done' })
  expect(await homes.mover.move(rob.id, 2)).toEqual({ is: 'done' })
  // The first home hands it all over only now.
  await homes.rounds([1, 2, 3], 4)
  for (const n of [2, 3]) {
    const edges = await at(n)
      .db.selectFrom('follows')
      .select('state')
      .where('follower_id', '=', rob.id)
      .execute()
    expect(edges.map(({ state }) => state)).toEqual(['accepted'])
  }
})

test('what is deleted before it comes to where a follower was is not left there', async () => {
  const [tim, uma] = [person('tim'), person('uma')]
  expect(await homes.mover.move(uma.id, 3)).toEqual({ is: 'done' })
  await at(1).homes.refresh()
  must(await resolveAccount(at(1), '@uma'))
  must(await resolveAccount(at(3), '@tim'))
  for (const n of [1, 3]) await followed(n, uma.id, tim.id)
  const first = must(await writePost(at(1), tim, { text: 'A thread', visibility: 'public' }))
  await round(1)
  await round(3)
  const more = { text: 'Regretted', visibility: 'followers' as const, replyTo: first.id }
  const post = must(await writePost(at(1), tim, more))
  // Her former home hears of it only after she has gone, and after it was deleted.
  expect(await homes.mover.move(uma.id, 1)).toEqual({ is: 'done' })
  must(await deletePost(at(1), tim, post.id))
  await homes.rounds([1, 3])
  const left = await at(3).db.selectFrom('posts').select('id').where('id', '=', post.id).execute()
  expect(left).toEqual([])
})
