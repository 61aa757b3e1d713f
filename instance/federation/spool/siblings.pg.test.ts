import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { join, type TestMember } from '../../../test/postgres/people.ts'
import { type LiveCommunity, startCommunity } from '../../../test/world/community.ts'
import { deliver } from '../../../test/world/deliver.ts'
import { type Internet, openInternet } from '../../../test/world/internet.ts'
import { type Reading, readAt } from '../../../test/world/read.ts'
import { openStranger, type Person, type Stranger } from '../../../test/world/stranger.ts'
import type { Instance } from '../../instance.ts'
import { follow } from '../../members/follow.ts'
import { editPost } from '../../posts/edit.ts'
import { deletePost } from '../../posts/remove.ts'
import { writePost } from '../../posts/write.ts'
import { isRefusal } from '../../refusal.ts'
import { resolveAccount } from '../resolve/account.ts'

let internet: Internet
let garden: LiveCommunity
let far: Stranger
let bob: Person
const people = new Map<number, TestMember>()
const at = (ordinal: number): Instance => garden.running(ordinal).instance
const person = (ordinal: number): TestMember => {
  const one = people.get(ordinal)
  if (!one) throw new Error('nobody')
  return one
}
beforeAll(async () => {
  internet = await openInternet()
  garden = await startCommunity(
    { postgresPort: inject('postgresPort'), internet },
    { domain: 'garden.example', homes: 2, cap: 1, front: 1 },
  )
  far = await openStranger(internet, 'far.example')
  bob = far.actor('bob')
  for (const handle of ['ana', 'cem']) {
    const member = await join(at(1), handle)
    const home = await at(1).homes.freshById(member.id)
    people.set(home?.home ?? 0, member)
  }
  await at(2).homes.refresh()
  expect([...people.keys()].sort()).toEqual([1, 2])
})
afterAll(async () => {
  await far?.close()
  await garden?.close()
})

const until = (check: () => Promise<unknown>) => vi.waitFor(check, { timeout: 30_000, interval: 50 })
const actorOf = (ordinal: number) => `https://garden.example/users/${person(ordinal).handle}`
const posts = async (ordinal: number) => {
  const home = garden.databases.homes.get(ordinal)
  const rows = await home?.db.selectFrom('posts').select('uri').orderBy('uri').execute()
  return rows?.map(({ uri }) => uri) ?? []
}
const noteTo = (...recipients: string[]) => {
  const note = bob.note({ to: recipients, tag: recipients.map((href) => ({ type: 'Mention', href })) })
  return { id: note.id, create: bob.activity('Create', note) }
}
const send = async (activity: unknown, inbox = 'https://garden.example/inbox') =>
  (await deliver(internet, inbox, activity, { signer: bob })).status

test('whichever pod takes it, a post reaches the homes of all it is for, and nobody else’s', async () => {
  const both = noteTo(actorOf(1), actorOf(2))
  expect(await send(both.create)).toBe(202)
  // The pod in front is not the home of the second's personal inbox.
  const second = noteTo(actorOf(2))
  expect(await send(second.create, `${actorOf(2)}/inbox`)).toBe(202)
  await until(async () => expect(await posts(2)).toEqual([both.id, second.id]))
  await until(async () => expect(await posts(1)).toEqual([both.id]))
  expect(await at(1).db.selectFrom('spool').selectAll().execute()).toEqual([])
})

test('a new version that comes for one member replaces every copy, whichever home has it', async () => {
  const note = noteTo(actorOf(1), actorOf(2))
  expect(await send(note.create)).toBe(202)
  const texts = async () => {
    const homes = [...garden.databases.homes.values()]
    const found = homes.map(({ db }) =>
      db.selectFrom('posts').select('content_html').where('uri', '=', note.id).executeTakeFirst(),
    )
    return (await Promise.all(found)).map((row) => row?.content_html)
  }
  await until(async () => expect(await texts()).toEqual(['Hello', 'Hello']))
  const changed = {
    ...(note.create.object as object),
    content: 'Hello again',
    updated: new Date(Date.now() + 1_000).toISOString(),
  }
  expect(await send(bob.activity('Update', changed), `${actorOf(2)}/inbox`)).toBe(202)
  await until(async () => expect(await texts()).toEqual(['Hello again', 'Hello again']))
})

test('a home that is down is invisible outside, and misses nothing', async () => {
  await garden.stop(2)
  const sent: string[] = []
  for (let index = 0; index < 5; index++) {
    const note = noteTo(actorOf(1), actorOf(2))
    sent.push(note.id)
    expect(await send(note.create)).toBe(202)
    const personal = noteTo(actorOf(2))
    sent.push(personal.id)
    expect(await send(personal.create, `${actorOf(2)}/inbox`)).toBe(202)
  }
  const finger = await at(1).egress.request(
    `https://garden.example/.well-known/webfinger?resource=acct:${person(2).handle}@garden.example`,
  )
  expect(finger.status).toBe(200)
  await garden.start(2)
  await until(async () => {
    const arrived = await posts(2)
    expect(sent.filter((uri) => !arrived.includes(uri))).toEqual([])
  })
})

test('members of two homes follow each other and read each other, without the public network', async () => {
  const [ana, cem] = [person(1), person(2)]
  const cemHere = await resolveAccount(at(1), `@${cem.handle}`)
  if (isRefusal(cemHere)) throw new Error(cemHere.code)
  expect(cemHere).toMatchObject({ id: cem.id, domain: null })
  await follow(at(1), ana, cem.id)
  const edge = async (ordinal: number) =>
    (
      await at(ordinal)
        .db.selectFrom('follows')
        .select('state')
        .where('follower_id', '=', ana.id)
        .where('followee_id', '=', cem.id)
        .executeTakeFirst()
    )?.state
  await until(async () => expect([await edge(1), await edge(2)]).toEqual(['accepted', 'accepted']))
  const written = await writePost(at(2), cem, { text: 'Only for followers', visibility: 'followers' })
  if (isRefusal(written)) throw new Error(written.code)
  const uri = `${actorOf(2)}/posts/${written.id}`
  await until(async () => expect(await posts(1)).toContain(uri))
  const copy = await at(1)
    .db.selectFrom('posts')
    .select(['id', 'visibility'])
    .where('uri', '=', uri)
    .executeTakeFirst()
  expect(copy).toEqual({ id: written.id, visibility: 'followers' })
  await editPost(at(2), cem, written.id, { text: 'Only for followers, edited' })
  await until(async () => {
    const row = await at(1).db.selectFrom('posts').selectAll().where('uri', '=', uri).executeTakeFirst()
    expect(row).toMatchObject({ id: written.id, visibility: 'followers', edited_at: expect.any(Date) })
    expect(row?.content_html).toContain('edited')
  })
  await deletePost(at(2), cem, written.id)
  await until(async () => expect(await posts(1)).not.toContain(uri))
  expect(await at(2).db.selectFrom('deliveries').selectAll().execute()).toEqual([])
})

test('a post for followers is read by their servers, whichever pod they ask, and by nobody else', async () => {
  const cem = person(2)
  const written = await writePost(at(2), cem, { text: 'Only for you', visibility: 'followers' })
  if (isRefusal(written)) throw new Error(written.code)
  const uri = `${actorOf(2)}/posts/${written.id}`
  // Servers fetch in the name of an actor of their own, which follows nobody.
  const server = far.actor('far.example')
  const near = await openStranger(internet, 'near.example')
  const eve = near.actor('eve')
  let door = 1
  const read = (address: string, reading?: Reading) => readAt(garden.url(door), address, reading)
  const statuses = (address: string, reading?: Reading) =>
    Promise.all([server, bob, eve, undefined].map((signer) => read(address, { ...reading, signer })))

  expect(await statuses(uri)).toEqual([404, 404, 404, 404])
  expect(await send(bob.activity('Follow', actorOf(2)), `${actorOf(2)}/inbox`)).toBe(202)
  await until(async () => {
    const rows = await at(2)
      .db.selectFrom('follows')
      .select('state')
      .where('followee_id', '=', cem.id)
      .execute()
    expect(rows.filter(({ state }) => state === 'accepted')).toHaveLength(2)
  })
  for (door of [1, 2]) {
    expect(await statuses(uri)).toEqual([200, 200, 404, 404])
    expect(await statuses(`${uri}/activity`)).toEqual([200, 200, 404, 404])
    expect(await statuses(uri, { form: 'rfc9421' })).toEqual([200, 200, 404, 404])
  }
  // A signature that says neither what is read nor where could be one that another server was shown.
  expect(await read(uri, { signer: bob, over: ['date'] })).toBe(404)
  expect(await read(uri, { signer: bob, over: ['(request-target)', 'date'] })).toBe(404)
  expect(await read(uri, { signer: bob, over: ['(request-target)', 'host', 'date'] })).toBe(200)

  const direct = await writePost(at(2), cem, { text: 'Hello @bob@far.example', visibility: 'direct' })
  if (isRefusal(direct)) throw new Error(direct.code)
  expect(await statuses(`${actorOf(2)}/posts/${direct.id}`)).toEqual([200, 200, 404, 404])
  const inside = await writePost(at(2), cem, { text: 'For this house', visibility: 'instance' })
  if (isRefusal(inside)) throw new Error(inside.code)
  expect(await statuses(`${actorOf(2)}/posts/${inside.id}`)).toEqual([404, 404, 404, 404])
  await near.close()
})

test('a sibling is believed about strangers, and about members only if they live with it', async () => {
  const [ana, cem] = [person(1), person(2)]
  const create = (actor: string, id: string) => ({
    id: `${actor}/posts/${id}/activity`,
    type: 'Create',
    actor,
    object: {
      id: `${actor}/posts/${id}`,
      type: 'Note',
      attributedTo: actor,
      content: 'Hm',
      to: [actorOf(1), actorOf(2)],
    },
  })
  const handOver = (actor: string, id: string) => {
    const body = create(actor, id)
    const item = { seq: id, activity_uri: body.id, actor_uri: actor, recipient: null, body }
    return at(2).siblings.call(1, '/internal/spool', { method: 'POST', body: { items: [item] } })
  }
  expect((await handOver(actorOf(1), '900')).status).toBe(200)
  expect((await handOver(actorOf(2), '901')).status).toBe(200)
  expect((await handOver(actorOf(2), '901')).body).toEqual({ taken: ['901'] })
  await until(async () => expect(await posts(1)).toContain(`${actorOf(2)}/posts/901`))
  await until(async () => expect(await at(1).db.selectFrom('intake').select('id').execute()).toEqual([]))
  expect(await posts(1)).not.toContain(`${actorOf(1)}/posts/900`)
  expect([ana.handle, cem.handle].sort()).toEqual(['ana', 'cem'])
})
