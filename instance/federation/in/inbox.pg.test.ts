import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { join, type TestMember } from '../../../test/postgres/people.ts'
import { type LiveCommunity, startCommunity } from '../../../test/world/community.ts'
import { type Delivery, deliver } from '../../../test/world/deliver.ts'
import { type Internet, openInternet } from '../../../test/world/internet.ts'
import { openStranger, type Person, type Stranger } from '../../../test/world/stranger.ts'
import type { Instance } from '../../instance.ts'
import { writePost } from '../../posts/write.ts'
import { isRefusal } from '../../refusal.ts'

let internet: Internet
let garden: LiveCommunity
let far: Stranger
let evil: Stranger
let here: Instance
let ana: TestMember
let bob: Person
let mallory: Person
beforeAll(async () => {
  internet = await openInternet()
  garden = await startCommunity(
    { postgresPort: inject('postgresPort'), internet },
    { domain: 'garden.example' },
  )
  far = await openStranger(internet, 'far.example')
  evil = await openStranger(internet, 'evil.example')
  here = garden.running(1).instance
  ana = await join(here, 'ana')
  bob = far.actor('bob')
  mallory = evil.actor('mallory')
})
afterAll(async () => {
  await far?.close()
  await evil?.close()
  await garden?.close()
})

const INBOX = 'https://garden.example/inbox'
const ANA = 'https://garden.example/users/ana'
const noteBy = (author: Person) =>
  author.note({
    content: '<p>Hello <script>alert(1)</script></p>',
    tag: [{ type: 'Mention', href: ANA }],
  })
const send = async (activity: unknown, delivery: Delivery = {}, inbox = INBOX) =>
  (await deliver(internet, inbox, activity, delivery)).status
const known = (uri: string) =>
  here.db.selectFrom('posts').selectAll().where('uri', '=', uri).executeTakeFirst()
const kept = async () => (await here.db.selectFrom('intake').select('id').execute()).length
const settled = () => vi.waitFor(async () => expect(await kept()).toBe(0), { timeout: 20_000, interval: 30 })
const arrives = (uri: string) =>
  vi.waitFor(async () => expect(await known(uri)).toBeTruthy(), { timeout: 20_000, interval: 30 })

test('both forms of signature are taken, at both kinds of inbox, and what comes is sanitised', async () => {
  const first = noteBy(bob)
  expect(await send(bob.activity('Create', first), { signer: bob })).toBe(202)
  const second = noteBy(bob)
  expect(await send(bob.activity('Create', second), { signer: bob, form: 'rfc9421' }, `${ANA}/inbox`)).toBe(
    202,
  )
  await arrives(first.id)
  await arrives(second.id)
  expect((await known(first.id))?.content_html).toBe('<p>Hello </p>')
  const told = await here.db
    .selectFrom('notifications')
    .select('kind')
    .where('member_id', '=', ana.id)
    .execute()
  expect(told.map(({ kind }) => kind)).toEqual(['mention', 'mention'])
})

test('a delivery that comes twice happens once', async () => {
  const note = noteBy(bob)
  const create = bob.activity('Create', note)
  expect([await send(create, { signer: bob }), await send(create, { signer: bob })]).toEqual([202, 202])
  await settled()
  const rows = await here.db.selectFrom('posts').select('id').where('uri', '=', note.id).execute()
  expect(rows).toHaveLength(1)
})

test('what is not proven is refused, and leaves nothing behind', async () => {
  const note = noteBy(bob)
  const create = bob.activity('Create', note)
  expect(await send(create)).toBe(401)
  expect(await send(create, { signer: mallory })).toBe(401)
  expect(await send(create, { signer: mallory, keyId: bob.keyId })).toBe(401)
  expect(await send(create, { signer: bob, instead: JSON.stringify({ ...create, to: [] }) })).toBe(401)
  const other = { ...create, id: 'https://evil.example/activities/x' }
  expect(await send(other, { signer: bob })).toBe(401)
  const inAnothersName = { ...mallory.activity('Create', note), actor: mallory.uri }
  expect(await send(inAnothersName, { signer: mallory })).toBe(401)
  const deleteOthers = mallory.activity('Delete', note.id)
  expect(await send(deleteOthers, { signer: mallory })).toBe(401)
  expect(await kept()).toBe(0)
  expect(await known(note.id)).toBeUndefined()
})

test('a key that says it is somebody else’s is not theirs', async () => {
  // The forger's own server hosts a key, and an actor, that claim to be Bob.
  const claimed = { id: 'https://evil.example/key', owner: bob.uri, publicKeyPem: mallory.publicKeyPem }
  evil.pages.set('/key', { body: { '@context': 'https://w3id.org/security/v1', type: 'Key', ...claimed } })
  evil.pages.set('/fake', {
    body: { id: bob.uri, type: 'Person', publicKey: { ...claimed, id: 'https://evil.example/fake#key' } },
  })
  const create = bob.activity('Create', noteBy(bob))
  expect(await send(create, { signer: mallory, keyId: claimed.id })).toBe(401)
  expect(await send(create, { signer: mallory, keyId: 'https://evil.example/fake#key' })).toBe(401)
  // At Bob's own server, but in a file that somebody uploaded there.
  const upload = { id: 'https://far.example/media/1#key', owner: bob.uri, publicKeyPem: mallory.publicKeyPem }
  far.pages.set('/media/1', {
    body: { id: bob.uri, type: 'Person', publicKey: upload },
    type: 'application/json',
  })
  expect(await send(create, { signer: mallory, keyId: upload.id })).toBe(401)
  far.pages.set('/media/1', { body: { id: bob.uri, type: 'Person', publicKey: upload } })
  expect(await send(create, { signer: mallory, keyId: upload.id })).toBe(401)
  expect(await kept()).toBe(0)
})

test('a signature over too little could be somebody else’s, used again: it proves nothing', async () => {
  const create = bob.activity('Create', noteBy(bob))
  const over = (...names: string[]) => send(create, { signer: bob, over: names })
  expect(await over('(request-target)', 'host', 'date', 'digest')).toBe(202)
  expect(await over('(request-target)', 'date', 'digest')).toBe(401)
  expect(await over('(request-target)', 'host', 'date')).toBe(401)
  expect(await over('host', 'date', 'digest')).toBe(401)
  const old = (headers: Record<string, string>) => ({ ...headers, date: 'Mon, 01 Jan 2024 00:00:00 GMT' })
  expect(await send(create, { signer: bob, tamper: old })).toBe(401)
  await settled()
})

test('malformed bodies are 400; our own people cannot be spoken for from outside', async () => {
  expect(await send({}, { signer: bob })).toBe(400)
  expect(await send(bob.activity('Like', ANA), { signer: bob, instead: 'no JSON' })).toBe(400)
  const pretended = { ...bob.activity('Follow', bob.uri), actor: ANA, id: `${ANA}/activities/1` }
  expect(await send(pretended, { signer: bob })).toBe(202)
  expect(await kept()).toBe(0)
})

test('nobody of that name is 404 at their inbox, and never at the shared one', async () => {
  const like = bob.activity('Like', 'https://garden.example/users/nobody/posts/1')
  expect(await send(like, { signer: bob }, 'https://garden.example/users/nobody/inbox')).toBe(404)
  expect(await send(like, { signer: bob })).toBe(202)
})

test('a key that cannot be fetched for now is 503 with Retry-After, not 401', async () => {
  const carol = far.actor('carol')
  far.down()
  const create = carol.activity('Create', noteBy(carol))
  const answer = await deliver(internet, INBOX, create, { signer: carol })
  expect(answer).toEqual({ status: 503, retryAfter: '60' })
  far.up()
  far.pages.set('/users/carol', { status: 500, body: {} })
  expect(await send(create, { signer: carol })).toBe(503)
})

test('an actor that is gone is forgotten, once their server confirms it', async () => {
  const dave = far.actor('dave')
  const note = noteBy(dave)
  expect(await send(dave.activity('Create', note), { signer: dave })).toBe(202)
  await arrives(note.id)
  const eve = far.actor('eve')
  // Signed with a key that never was, in the name of somebody who is still there.
  const forgedDelete = dave.activity('Delete', dave.uri)
  expect(await send(forgedDelete, { signer: eve, keyId: `https://far.example/users/none#main-key` })).toBe(
    401,
  )
  const page = far.pages.get('/users/dave')
  far.pages.set('/users/dave', { status: 410, body: {} })
  await here.db.deleteFrom('kv').execute()
  expect(page).toBeTruthy()
  expect(await send(dave.activity('Delete', dave.uri), { signer: eve, keyId: `${dave.uri}#other-key` })).toBe(
    202,
  )
  await vi.waitFor(async () => expect(await known(note.id)).toBeUndefined(), { timeout: 20_000 })
})

test('the second form of signature is tried, remembered, and a busy host is left alone', async () => {
  const follow = bob.activity('Follow', ANA)
  far.answers.push(401, 202)
  expect(await send(follow, { signer: bob })).toBe(202)
  const accepts = () => far.received.filter(({ body }) => body.type === 'Accept')
  await vi.waitFor(() => expect(accepts()).toHaveLength(2), { timeout: 20_000 })
  expect(new Set(accepts().map(({ body }) => body.id)).size).toBe(1)
  expect(accepts()[0]?.body).toMatchObject({ actor: ANA, object: { id: follow.id } })
  expect(accepts()[0]?.body.proof).toMatchObject({ cryptosuite: 'eddsa-jcs-2022' })
  await vi.waitFor(async () => {
    const host = await here.db
      .selectFrom('hosts')
      .selectAll()
      .where('host', '=', 'far.example')
      .executeTakeFirst()
    expect(host?.signature_form).toBe('rfc9421')
  })
  const post = await writePost(here, ana, { text: 'To my followers', visibility: 'followers' })
  expect(isRefusal(post)).toBe(false)
  await vi.waitFor(() => expect(far.received.filter(({ body }) => body.type === 'Create')).toHaveLength(1), {
    timeout: 20_000,
  })
})
