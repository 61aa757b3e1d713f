// A follower unfollows just before a member arrives at another home: what she wrote meanwhile is not sent to them.
import { sql } from 'kysely'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { must } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { stranger, type TestMember } from '../../test/postgres/people.ts'
import { leaseDeliveries } from '../federation/out/lease.ts'
import { settle } from '../federation/out/try/settle.ts'
import { writePost } from '../posts/write.ts'
import { tendMoves } from './tend.ts'

const names = ['ana', 'ben', 'cem', 'dee', 'eva', 'fay', 'gil', 'hal', 'ida']
const homes = neighbourhood({ homes: 2, domain: 'garden.example', people: names })
const { at, round } = homes
const FAR = 'https://other.example'
const inbox = (name: string) => `${FAR}/users/${name}/inbox`

let next = 0
let ana: TestMember
const followers = new Map<string, string>()
beforeAll(async () => {
  for (const home of [at(1), at(2)]) {
    for (const name of ['zoe', 'yan']) followers.set(name, await stranger(home, name))
    // GoToSocial's people have no shared inbox.
    await home.db
      .updateTable('accounts')
      .set({ shared_inbox: null })
      .where('domain', 'is not', null)
      .execute()
  }
})
beforeEach(async () => {
  ana = homes.person(names[next++] ?? '')
  for (const [name, follower_id] of followers) {
    const edge = { follower_id, followee_id: ana.id, state: 'accepted', activity_uri: followOf(name) }
    await at(1).db.insertInto('follows').values(edge).execute()
  }
})

const followOf = (name: string) => `${FAR}/follows/${name}/${ana.handle}`
/** As a pod keeps it that takes it: for the home in its intake, or for a sibling in its spool. */
const unfollowed = (by: string, recipient: string | null = null) => {
  const actor_uri = `${FAR}/users/${by}`
  // Some say no more than the id of what they undo.
  const body = { id: `${followOf(by)}/undo`, type: 'Undo', actor: actor_uri, object: followOf(by) }
  return { activity_uri: body.id, actor_uri, recipient, body: JSON.stringify(body) }
}
/** Drives a move until the deliveries rest, and writes a post then. */
async function writesWhileMoving(): Promise<string> {
  const begun = must(await homes.mover.begin(ana.id, 2))
  await homes.mover.driveTo(begun.id, 'quiesced')
  must(await writePost(at(1), ana, { text: 'On the way', visibility: 'public' }))
  return begun.id
}
/** To which inboxes something is sent now. */
async function sent(): Promise<string[]> {
  const leased = await leaseDeliveries(at(2).db, { most: 9 })
  return leased
    .filter(({ member_id }) => member_id === ana.id)
    .map((one) => one.inbox)
    .sort()
}

test.each([
  ['the shared inbox', null],
  ['her own inbox', 'own'],
] as const)(
  'who unfollows at %s of her old home before she has left is sent nothing at the new one',
  async (_, own) => {
    const move = await writesWhileMoving()
    await homes.mover.driveTo(move, 'frozen')
    await at(1)
      .db.insertInto('intake')
      .values(unfollowed('zoe', own && ana.handle))
      .execute()
    expect(await homes.mover.drive(move)).toEqual({ is: 'done' })
    expect(await sent()).toEqual([])
    await round(2)
    expect(await sent()).toEqual([inbox('yan')])
    // What the old home makes of it in the end changes nothing.
    for (const n of [1, 2]) await round(n)
    expect(await at(1).db.selectFrom('intake').select('id').execute()).toEqual([])
  },
)

test('what her old home has applied by then, and not handed over, counts as well', async () => {
  const move = await writesWhileMoving()
  await homes.mover.driveTo(move, 'activated')
  await at(1)
    .db.insertInto('spool')
    .values({ ...unfollowed('zoe', ana.handle), ordinal: 2 })
    .execute()
  expect(await sent()).toEqual([])
  expect(await homes.mover.drive(move)).toEqual({ is: 'done' })
  expect(await sent()).toEqual([])
  await round(2)
  expect(await sent()).toEqual([inbox('yan')])
})

test('so does what the new home took for the old one', async () => {
  const move = await writesWhileMoving()
  await at(2)
    .db.insertInto('spool')
    .values({ ...unfollowed('zoe', ana.handle), ordinal: 1 })
    .execute()
  expect(await homes.mover.drive(move)).toEqual({ is: 'done' })
  expect(await sent()).toEqual([])
  await round(2)
  expect(await sent()).toEqual([inbox('yan')])
})

test('nothing else is waited for', async () => {
  const move = await writesWhileMoving()
  await homes.mover.driveTo(move, 'frozen')
  const { body, ...undo } = unfollowed('zoe')
  const other = [
    { ...undo, body: JSON.stringify({ ...JSON.parse(body), type: 'Like' }) },
    { ...undo, body, recipient: 'hal' },
    { ...undo, body, actor_uri: `${FAR}/users/xim` },
    { ...undo, body, dead_at: new Date() },
  ]
  await at(1).db.insertInto('intake').values(other).execute()
  expect(await homes.mover.drive(move)).toEqual({ is: 'done' })
  expect(await sent()).toEqual([inbox('yan'), inbox('zoe')])
  await at(1).db.deleteFrom('intake').execute()
})

test('a home that asks by itself, once its driver has died, sends nothing before it has the answer', async () => {
  const move = await writesWhileMoving()
  await homes.mover.driveTo(move, 'activated')
  expect(await sent()).toEqual([])
  homes.network.down.add(1)
  await tendMoves(at(2))
  expect(await sent()).toEqual([])
  homes.network.down.delete(1)
  await tendMoves(at(2))
  expect(await sent()).toEqual([inbox('yan'), inbox('zoe')])
  expect(await homes.mover.drive(move)).toEqual({ is: 'done' })
})

test('nor is she held up by another driver, of whom only her old home has heard', async () => {
  const move = await writesWhileMoving()
  await homes.mover.driveTo(move, 'activated')
  const died = new Error('the driver has died')
  const { call } = homes.mover.deps
  const second = homes.mover.drive(move, {
    call: async (to, path, options) => {
      const answer = await call(to, path, options)
      if (path.endsWith('/demote')) throw died
      return answer
    },
  })
  await expect(second).rejects.toBe(died)
  expect(await sent()).toEqual([])
  await tendMoves(at(2))
  expect(await sent()).toEqual([inbox('yan'), inbox('zoe')])
  expect(await homes.mover.drive(move)).toEqual({ is: 'done' })
})

test('an old home that gives no answer holds nothing up for longer than a minute', async () => {
  const move = await writesWhileMoving()
  await homes.mover.driveTo(move, 'activated')
  const pass = (seconds: number) =>
    at(2)
      .db.updateTable('moves')
      .set({ changed_at: sql<Date>`changed_at - ${seconds} * interval '1 second'` })
      .where('id', '=', move)
      .execute()
  await pass(30)
  expect(await sent()).toEqual([])
  await pass(31)
  expect(await sent()).toEqual([inbox('yan'), inbox('zoe')])
  expect(await homes.mover.drive(move)).toEqual({ is: 'done' })
})

test('what she wrote after somebody was let follow her waits at the new home as well until they have the answer', async () => {
  const { db } = at(1)
  // Somebody of whom nothing was taken in by another test: an unfollow would hold up what is for them.
  for (const home of [at(1), at(2)]) {
    const uma = await stranger(home, 'uma')
    await home.db.updateTable('accounts').set({ shared_inbox: null }).where('id', '=', uma).execute()
  }
  await db
    .deleteFrom('follows')
    .where('follower_id', '=', followers.get('zoe') ?? '')
    .execute()
  const actor_uri = `${FAR}/users/uma`
  const body = {
    id: followOf('uma'),
    type: 'Follow',
    actor: actor_uri,
    object: `https://garden.example/users/${ana.handle}`,
  }
  await db
    .insertInto('intake')
    .values({ activity_uri: body.id, actor_uri, body: JSON.stringify(body) })
    .execute()
  await round(1)
  const [answer] = await leaseDeliveries(db, { most: 9 })
  if (!answer) throw new Error('nothing is due')
  await settle(db, answer, { is: 'retry', why: 'answered 503', afterS: 30, hostWaits: false })
  // Another server has nothing to wait for.
  const other = 'https://third.example/users/yan/inbox'
  await at(1).db.updateTable('accounts').set({ inbox: other }).where('handle', '=', 'yan').execute()
  const move = await writesWhileMoving()
  expect(await homes.mover.drive(move)).toEqual({ is: 'done' })
  expect(await sent()).toEqual([other])
  await at(2).db.updateTable('deliveries').set({ next_at: sql<Date>`now() - interval '1 second'` }).execute()
  const [again] = await leaseDeliveries(at(2).db, { most: 9 })
  expect(again).toMatchObject({ outbox_id: answer.outbox_id, inbox: inbox('uma') })
  if (!again) throw new Error('nothing is due')
  expect(await sent()).toEqual([])
  await settle(at(2).db, again, { is: 'delivered' })
  expect(await sent()).toEqual([inbox('uma')])
})
