import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../../../test/postgres/instances.ts'
import { join, stranger, type TestMember } from '../../../test/postgres/people.ts'
import { likeActivity } from '../documents/activities.ts'
import { leaseDeliveries, releaseDelivery } from './lease.ts'
import { queueActivity } from './queue.ts'
import { noteFailure, noteSuccess, settle } from './try/settle.ts'

let community: TestCommunity
let home: TestInstance
let ana: TestMember
let zoe: string
let yan: string
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'))
  home = await makeInstance(homeOf(community, 1), 1)
  ana = await join(home.instance, 'ana')
  zoe = await stranger(home.instance, 'zoe', 'one.example')
  yan = await stranger(home.instance, 'yan', 'two.example')
})
beforeEach(async () => {
  await home.instance.db.deleteFrom('outbox').execute()
  await home.instance.db.deleteFrom('hosts').execute()
})
afterAll(async () => {
  await home.close()
  await community.close()
})

const queue = (id: string, orderingKey: string, accounts: readonly string[]) =>
  home.instance.db.transaction().execute((tx) =>
    queueActivity(tx, home.instance, {
      memberId: ana.id,
      activity: likeActivity({
        id: `https://garden.example/${id}`,
        actor: 'https://garden.example/users/ana',
        object: 'https://one.example/1',
        to: 'https://one.example/users/zoe',
      }),
      orderingKey,
      recipients: { accounts },
    }),
  )
const take = async (most = 10) => leaseDeliveries(home.instance.db, { most, leaseS: 60 })
const ids = (rows: readonly { activity: unknown; host: string }[]) =>
  rows.map((row) => `${(row.activity as { id: string }).id.split('/').at(-1)} ${row.host}`).sort()

test('one server gets an activity once, however often it is queued', async () => {
  await queue('a', 'k', [zoe, yan])
  await queue('a', 'k', [zoe])
  expect(ids(await take())).toEqual(['a one.example', 'a two.example'])
})

test('what follows in the same order waits for what came first, at that inbox alone', async () => {
  await queue('a', 'k', [zoe])
  await queue('b', 'k', [zoe, yan])
  await queue('c', 'other', [zoe])
  const first = await take()
  expect(ids(first)).toEqual(['a one.example', 'b two.example', 'c one.example'])
  expect(await take()).toEqual([])
  for (const delivery of first) await settle(home.instance.db, delivery, { is: 'delivered' })
  expect(ids(await take())).toEqual(['b one.example'])
})

test('nothing goes to the own inbox of whoever may have ended their follow, for as long as that waits to be applied', async () => {
  const { db } = home.instance
  const sue = await stranger(home.instance, 'sue', 'three.example')
  await db.updateTable('accounts').set({ shared_inbox: null }).where('id', '=', sue).execute()
  await queue('a', 'k', [sue, yan])
  for (const actor_uri of ['https://three.example/users/sue', 'https://two.example/users/yan']) {
    const body = { id: `${actor_uri}/undo`, type: 'Undo', actor: actor_uri, object: `${actor_uri}/follow` }
    await db
      .insertInto('intake')
      .values({ activity_uri: body.id, actor_uri, body: JSON.stringify(body) })
      .execute()
  }
  // A shared inbox is for others there as well.
  expect(ids(await take())).toEqual(['a two.example'])
  await db.updateTable('intake').set({ received_at: sql<Date>`now() - interval '2 minutes'` }).execute()
  expect(ids(await take())).toEqual(['a three.example'])
  await db.deleteFrom('intake').execute()
})

test('a dead delivery is kept and holds nothing up; a released one can be taken at once', async () => {
  await queue('a', 'k', [zoe])
  await queue('b', 'k', [zoe])
  const [first] = await take()
  if (!first) throw new Error('nothing due')
  await releaseDelivery(home.instance.db, first)
  const [again] = await take()
  expect(again).toMatchObject({ id: first.id, attempts: 1 })
  if (!again) throw new Error('nothing due')
  await settle(home.instance.db, again, { is: 'dead', why: 'answered 410' })
  expect(ids(await take())).toEqual(['b one.example'])
  const kept = await home.instance.db
    .selectFrom('deliveries')
    .select('last_error')
    .where('dead_at', 'is not', null)
    .execute()
  expect(kept).toEqual([{ last_error: 'answered 410' }])
})

test('a host that fails five times is left alone, others are not; a success closes the circuit', async () => {
  for (let index = 0; index < 5; index++) await noteFailure(home.instance.db, 'one.example', () => 0.5)
  await queue('a', 'k', [zoe, yan])
  expect(ids(await take())).toEqual(['a two.example'])
  await noteSuccess(home.instance.db, 'one.example', 'rfc9421')
  expect(await take()).toMatchObject([{ host: 'one.example', signature_form: 'rfc9421', host_failures: 0 }])
})

test('nothing is taken for a member who is being moved', async () => {
  await queue('a', 'k', [zoe])
  const set = (state: string) =>
    home.instance.db.updateTable('members').set({ state }).where('id', '=', ana.id).execute()
  await set('frozen')
  expect(await take()).toEqual([])
  await set('active')
  expect(ids(await take())).toEqual(['a one.example'])
})
