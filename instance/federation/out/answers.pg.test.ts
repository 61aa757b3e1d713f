// What a member sends after somebody was let follow them comes after the answer, for that server would drop it.
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../../../test/postgres/instances.ts'
import { must } from '../../../test/postgres/lives.ts'
import { join, stranger, type TestMember } from '../../../test/postgres/people.ts'
import { openInternet } from '../../../test/world/internet.ts'
import { writePost } from '../../posts/write.ts'
import { createEgress } from '../egress/egress.ts'
import { apply } from '../in/apply/apply.ts'
import { lease as leaseIntake } from '../in/apply/worker.ts'
import type { Worker } from '../loop.ts'
import { createWake } from '../wake.ts'
import { type LeasedDelivery, leaseDeliveries } from './lease.ts'
import { settle } from './try/settle.ts'
import { startDeliveries } from './worker.ts'

let community: TestCommunity
let home: TestInstance
let ana: TestMember
let ben: TestMember
const people = new Map<string, string>()
const servers: Server[] = []
let worker: Worker | undefined
/** What came to the servers: type, inbox and answer. */
let came: string[] = []
/** How a server answers; 202 if it says nothing. */
let answers: (type: string) => number | undefined = () => undefined

beforeAll(async () => {
  const internet = await openInternet()
  for (const name of ['one.example', 'two.example']) {
    const server = createServer(await internet.certificate(name), async (request, response) => {
      const { type } = JSON.parse(await text(request))
      const status = answers(type) ?? 202
      came.push(`${type} ${name}${request.url} ${status}`)
      response.writeHead(status).end()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    internet.hosts.set(name, `127.0.0.1:${(server.address() as AddressInfo).port}`)
    servers.push(server)
  }
  const egress = createEgress({ userAgent: 'test', allow: ['127.0.0.0/8'], hosts: internet.hosts })
  community = await makeCommunity(inject('postgresPort'))
  home = await makeInstance(homeOf(community, 1), 1, undefined, { egress })
  ana = await join(home.instance, 'ana')
  ben = await join(home.instance, 'ben')
  for (const [name, domain] of [
    ['zoe', 'one.example'],
    ['sue', 'one.example'],
    ['yan', 'two.example'],
  ] as const)
    people.set(name, await stranger(home.instance, name, domain))
  // GoToSocial's people have no shared inbox.
  await home.instance.db
    .updateTable('accounts')
    .set({ shared_inbox: null })
    .where('domain', '=', 'one.example')
    .execute()
})
afterEach(async () => {
  await worker?.stop()
  worker = undefined
  came = []
  answers = () => undefined
  for (const table of ['outbox', 'deliveries', 'hosts', 'intake', 'follows'] as const)
    await home.instance.db.deleteFrom(table).execute()
})
afterAll(async () => {
  for (const server of servers) server.close()
  await home.close()
  await community.close()
})

const soon = <T>(look: () => T) => expect.poll(look, { timeout: 20_000 })
/** One whose writes wake nobody who sends them. */
const quiet = () => ({ ...home.instance, wake: createWake() })
let follows = 0
/** Somebody of another server follows a member, who lets everybody. */
async function follow(name: string, whom = ana): Promise<void> {
  const { db } = home.instance
  const account = await db
    .selectFrom('accounts')
    .select('uri')
    .where('id', '=', people.get(name) ?? '')
    .executeTakeFirstOrThrow()
  const body = {
    id: `${account.uri}/follows/${follows++}`,
    type: 'Follow',
    actor: account.uri,
    object: `${home.instance.config.origin}/users/${whom.handle}`,
  }
  await db
    .insertInto('intake')
    .values({ activity_uri: body.id, actor_uri: body.actor, body: JSON.stringify(body) })
    .execute()
  for (const row of await leaseIntake(home.instance, 9))
    expect(await apply(quiet(), row)).toEqual({ is: 'done' })
}
/** As if they had long followed. */
const follower = async (name: string, whom = ana) =>
  home.instance.db
    .insertInto('follows')
    .values({ follower_id: people.get(name) ?? '', followee_id: whom.id, state: 'accepted' })
    .execute()
const write = async (by = ana) =>
  must(await writePost(quiet(), by, { text: 'Bread is ready', visibility: 'public' }))
const answersOnly = sql<boolean>`activity ->> 'type' = 'Accept'`

const take = async () => leaseDeliveries(home.instance.db, { most: 9 })
const name = ({ activity, inbox }: LeasedDelivery) =>
  `${(activity as { type: string }).type} ${new URL(inbox).host}${new URL(inbox).pathname}`
const names = (rows: readonly LeasedDelivery[]) => rows.map(name).sort()
const first = ([row]: readonly LeasedDelivery[]) => {
  if (!row) throw new Error('nothing due')
  return row
}
const retry = { is: 'retry', why: 'answered 503', afterS: 600, hostWaits: false } as const
/** As if answers had been made so much earlier. */
const pass = async (seconds: number) =>
  home.instance.db
    .updateTable('outbox')
    .set({ created_at: sql<Date>`created_at - ${seconds} * interval '1 second'` })
    .where(answersOnly)
    .execute()
/** As if an answer's wait were over. */
const due = async () =>
  home.instance.db
    .updateTable('deliveries')
    .set({ next_at: sql<Date>`now() - interval '1 second'` })
    .where('outbox_id', 'in', (eb) => eb.selectFrom('outbox').select('id').where(answersOnly))
    .execute()

test('a post comes after an answer that has to be tried again', async () => {
  await follower('yan')
  await follow('zoe')
  answers = (type) => (type === 'Accept' ? 503 : undefined)
  worker = startDeliveries(home.instance, { random: Math.random })
  await soon(() => came).toEqual(['Accept one.example/users/zoe/inbox 503'])
  await write()
  worker.poke()
  await soon(() => came).toContain('Create two.example/inbox 202')
  answers = () => undefined
  await due()
  worker.poke()
  const atZoe = () => came.filter((one) => one.includes('one.example'))
  await soon(atZoe).toHaveLength(3)
  expect(atZoe()).toEqual([
    'Accept one.example/users/zoe/inbox 503',
    'Accept one.example/users/zoe/inbox 202',
    'Create one.example/users/zoe/inbox 202',
  ])
})

test('a server that takes no answer has the post after a minute, with nobody to wake who sends it', async () => {
  await follow('zoe')
  answers = (type) => (type === 'Accept' ? 503 : undefined)
  worker = startDeliveries(home.instance, { random: () => 0.5 })
  await soon(() => came).toEqual(['Accept one.example/users/zoe/inbox 503'])
  await write()
  await pass(61)
  await soon(() => came).toEqual([
    'Accept one.example/users/zoe/inbox 503',
    'Create one.example/users/zoe/inbox 202',
  ])
})

test('what is sent to the same server waits for an answer that is under way, for a minute at most', async () => {
  await follower('sue')
  await follow('zoe')
  await write()
  const answer = first(await take())
  expect(name(answer)).toBe('Accept one.example/users/zoe/inbox')
  expect(await take()).toEqual([])
  await settle(home.instance.db, answer, retry)
  expect(await take()).toEqual([])
  await pass(59)
  expect(await take()).toEqual([])
  await pass(2)
  expect(names(await take())).toEqual([
    'Create one.example/users/sue/inbox',
    'Create one.example/users/zoe/inbox',
  ])
})

test('what waited together for longer, for a move or for us, goes in its order all the same', async () => {
  await follow('zoe')
  await write()
  await pass(600)
  const answer = first(await take())
  expect(name(answer)).toBe('Accept one.example/users/zoe/inbox')
  expect(await take()).toEqual([])
  await settle(home.instance.db, answer, { is: 'delivered' })
  expect(names(await take())).toEqual(['Create one.example/users/zoe/inbox'])
})

test('whoever died with an answer in hand holds nothing up for longer', async () => {
  await follow('zoe')
  await write()
  await pass(600)
  await home.instance.db
    .updateTable('deliveries')
    .set({ attempts: 9, leased_until: sql<Date>`now() - interval '1 second'` })
    .where('id', '=', first(await take()).id)
    .execute()
  expect(names(await take())).toEqual(['Create one.example/users/zoe/inbox'])
})

test('an answer that is given up holds nothing up', async () => {
  await follow('zoe')
  await write()
  await settle(home.instance.db, first(await take()), { is: 'dead', why: 'answered 410' })
  expect(names(await take())).toEqual(['Create one.example/users/zoe/inbox'])
})

test('nor does one that itself waits for an earlier one, for longer than a minute', async () => {
  await follow('zoe')
  await settle(home.instance.db, first(await take()), retry)
  await home.instance.db.deleteFrom('follows').execute()
  await follow('zoe')
  await write()
  expect(await take()).toEqual([])
  await pass(61)
  expect(names(await take())).toEqual(['Create one.example/users/zoe/inbox'])
})

test('nothing else waits: what was sent before, to others or by others, and other answers', async () => {
  for (const one of ['sue', 'yan']) await follower(one)
  await follower('sue', ben)
  await write()
  await follow('zoe')
  await settle(home.instance.db, first((await take()).filter((one) => name(one).startsWith('Accept'))), retry)
  await home.instance.db.updateTable('deliveries').set({ lease: null, leased_until: null }).execute()
  await write(ben)
  await follow('yan')
  await home.instance.db
    .deleteFrom('follows')
    .where('follower_id', '=', people.get('sue') ?? '')
    .execute()
  await follow('sue')
  expect(names(await take())).toEqual([
    'Accept one.example/users/sue/inbox',
    'Accept two.example/inbox',
    'Create one.example/users/sue/inbox',
    'Create one.example/users/sue/inbox',
    'Create two.example/inbox',
  ])
})
