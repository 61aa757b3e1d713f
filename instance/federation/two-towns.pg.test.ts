import { sql } from 'kysely'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { join, type TestMember } from '../../test/postgres/people.ts'
import { type LiveCommunity, startCommunity } from '../../test/world/community.ts'
import { type Internet, openInternet } from '../../test/world/internet.ts'
import type { Instance } from '../instance.ts'
import { follow, unfollow } from '../members/follow.ts'
import { editPost } from '../posts/edit.ts'
import { boost, like, unboost, unlike } from '../posts/react.ts'
import { deletePost } from '../posts/remove.ts'
import { writePost } from '../posts/write.ts'
import { isRefusal } from '../refusal.ts'
import { leaseDeliveries } from './out/lease.ts'
import { resolveAccount } from './resolve/account.ts'
import { resolvePost } from './resolve/post.ts'

let internet: Internet
let garden: LiveCommunity
let other: LiveCommunity
let here: Instance
let there: Instance
let ana: TestMember
let ben: TestMember
beforeAll(async () => {
  internet = await openInternet()
  const settings = { postgresPort: inject('postgresPort'), internet }
  garden = await startCommunity(settings, { domain: 'garden.example' })
  other = await startCommunity(settings, { domain: 'other.example' })
  here = garden.running(1).instance
  there = other.running(1).instance
  ana = await join(here, 'ana')
  ben = await join(there, 'ben')
})
afterAll(async () => {
  await garden?.close()
  await other?.close()
})

const ok = <T>(value: T) => {
  if (isRefusal(value)) throw new Error(JSON.stringify(value))
  return value as Exclude<T, { kind: 'refusal' }>
}
const until = (check: () => Promise<unknown>) => vi.waitFor(check, { timeout: 20_000, interval: 50 })
const edge = async (instance: Instance, follower: string, followee: string) =>
  (
    await instance.db
      .selectFrom('follows')
      .innerJoin('accounts as a', 'a.id', 'follows.follower_id')
      .innerJoin('accounts as b', 'b.id', 'follows.followee_id')
      .select('state')
      .where('a.handle', '=', follower)
      .where('b.handle', '=', followee)
      .executeTakeFirst()
  )?.state
const news = async (instance: Instance, member: TestMember) =>
  (await instance.db.selectFrom('notifications').select('kind').where('member_id', '=', member.id).execute())
    .map(({ kind }) => kind)
    .sort()
const post = async (instance: Instance, uri: string) =>
  instance.db.selectFrom('posts').selectAll().where('uri', '=', uri).executeTakeFirst()

test('a follow, its acceptance, posts, replies, likes, boosts, and the undoing of each', async () => {
  const benHere = ok(await resolveAccount(here, '@Ben@other.example'))
  expect(benHere).toMatchObject({
    uri: 'https://other.example/users/ben',
    domain: 'other.example',
    handle: 'ben',
  })
  expect(ok(await follow(here, ana, benHere.id)).state).toBe('pending')
  await until(async () => expect(await edge(here, 'ana', 'ben')).toBe('accepted'))
  expect(await edge(there, 'ana', 'ben')).toBe('accepted')
  expect(await news(there, ben)).toEqual(['follow'])

  const written = ok(await writePost(there, ben, { text: 'Bread is ready', visibility: 'public' }))
  const uri = `https://other.example/users/ben/posts/${written.id}`
  await until(async () => expect((await post(here, uri))?.content_html).toContain('Bread is ready'))
  const copy = await post(here, uri)
  if (!copy) throw new Error('no copy')

  const reply = ok(await writePost(here, ana, { text: 'Thank you', visibility: 'public', replyTo: copy.id }))
  const replyUri = `https://garden.example/users/ana/posts/${reply.id}`
  await until(async () => expect((await post(there, replyUri))?.in_reply_to_id).toBe(written.id))
  expect(await news(there, ben)).toEqual(['follow', 'mention'])

  ok(await editPost(there, ben, written.id, { text: 'Bread is gone, @ana@garden.example' }))
  await until(async () => expect((await post(here, uri))?.content_html).toContain('Bread is gone'))
  expect((await post(here, uri))?.edited_at).toEqual((await post(there, uri))?.edited_at)
  expect(await news(here, ana)).toEqual(['mention'])

  ok(await like(here, ana, copy.id))
  ok(await boost(here, ana, copy.id))
  await until(async () => expect(await news(there, ben)).toEqual(['boost', 'follow', 'like', 'mention']))
  ok(await unlike(here, ana, copy.id))
  ok(await unboost(here, ana, copy.id))
  await until(async () => expect(await news(there, ben)).toEqual(['follow', 'mention']))
  expect(await there.db.selectFrom('likes').selectAll().execute()).toEqual([])
  expect(await there.db.selectFrom('boosts').selectAll().execute()).toEqual([])

  ok(await deletePost(here, ana, reply.id))
  await until(async () => expect(await post(there, replyUri)).toBeUndefined())
  ok(await unfollow(here, ana, benHere.id))
  await until(async () => expect(await edge(there, 'ana', 'ben')).toBeUndefined())
  expect(await news(there, ben)).toEqual([])
})

test('documents answer strangers, and never what is not theirs', async () => {
  const get = async (path: string, accept = 'application/activity+json') => {
    const response = await here.egress.request(`https://other.example${path}`, {
      headers: () => ({ accept }),
    })
    return { status: response.status, headers: response.headers, text: response.body.toString() }
  }
  const finger = await get('/.well-known/webfinger?resource=acct:BEN@other.example', 'application/jrd+json')
  expect(JSON.parse(finger.text)).toMatchObject({ subject: 'acct:ben@other.example' })
  expect((await get('/.well-known/webfinger?resource=acct:nobody@other.example')).status).toBe(404)
  const info = JSON.parse((await get('/nodeinfo/2.1', 'application/json')).text)
  expect(info).toMatchObject({ version: '2.1', usage: { users: { total: 1 } }, openRegistrations: true })
  const actor = await get('/users/ben')
  expect(actor.headers.get('content-type')).toContain('application/activity+json')
  expect(actor.headers.get('vary')).toContain('Accept')
  expect(JSON.parse(actor.text)).toMatchObject({
    id: 'https://other.example/users/ben',
    publicKey: { id: 'https://other.example/users/ben#main-key' },
    assertionMethod: [{ id: 'https://other.example/users/ben#multikey-2' }],
  })
  expect((await get('/users/nobody')).status).toBe(404)
  expect(JSON.parse((await get('/actor')).text)).toMatchObject({
    type: 'Application',
    preferredUsername: 'other.example',
  })
  const open = ok(await writePost(there, ben, { text: 'For all', visibility: 'public' }))
  const closed = ok(await writePost(there, ben, { text: 'For followers', visibility: 'followers' }))
  expect(JSON.parse((await get(`/users/ben/posts/${open.id}`)).text)).toMatchObject({
    type: 'Note',
    to: ['https://www.w3.org/ns/activitystreams#Public'],
  })
  expect((await get(`/users/ben/posts/${closed.id}`)).status).toBe(404)
  const page = JSON.parse((await get('/users/ben/outbox?page=true')).text)
  const listed: string[] = page.orderedItems.map((item: { object: { id: string } }) => item.object.id)
  expect(listed).toContain(`https://other.example/users/ben/posts/${open.id}`)
  expect(listed).not.toContain(`https://other.example/users/ben/posts/${closed.id}`)
  ok(await deletePost(there, ben, open.id))
  expect((await get(`/users/ben/posts/${open.id}`)).status).toBe(410)
  const found = await resolvePost(here, `https://other.example/users/ben/posts/${open.id}`)
  expect(isRefusal(found) && found.code).toBe('not-found')
})

test('a delivery that a dying worker had taken is made once its lease ends, under the same id', async () => {
  const benHere = ok(await resolveAccount(here, '@ben@other.example'))
  // Unreachable, so that the worker of the running instance cannot be quicker than the one that dies.
  const address = internet.hosts.get('other.example') ?? ''
  internet.hosts.set('other.example', '127.0.0.1:1')
  await here.db
    .insertInto('hosts')
    .values({ host: 'other.example' })
    .onConflict((c) => c.doNothing())
    .execute()
  await here.db.updateTable('hosts').set({ open_until: sql<Date>`now() + interval '1 hour'` }).execute()
  ok(await follow(here, ana, benHere.id))
  // In one transaction: the worker sees that the host may be tried again only when the delivery is taken.
  const [taken] = await here.db.transaction().execute(async (tx) => {
    await tx.updateTable('hosts').set({ open_until: null, failures: 0 }).execute()
    return leaseDeliveries(tx, { most: 1, leaseS: 3 })
  })
  if (!taken) throw new Error('nothing was due')
  expect(taken).toMatchObject({ inbox: 'https://other.example/inbox' })
  // Nobody else takes it while the lease runs; the dead worker never comes back.
  expect(await leaseDeliveries(here.db, { most: 10, leaseS: 3 })).toEqual([])
  internet.hosts.set('other.example', address)
  await until(async () => expect(await edge(here, 'ana', 'ben')).toBe('accepted'))
  const row = await there.db
    .selectFrom('follows')
    .select('activity_uri')
    .where('state', '=', 'accepted')
    .executeTakeFirstOrThrow()
  expect(row.activity_uri).toBe((taken.activity as { id: string }).id)
  expect(await here.db.selectFrom('deliveries').selectAll().execute()).toEqual([])
})
