import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import {
  openStranger,
  type Person,
  type Posting,
  postTo,
  type Stranger,
} from '../../../test/federation/stranger.ts'
import { type Network, openTown, type Town } from '../../../test/federation/town.ts'
import { join, type TestMember } from '../../../test/postgres/people.ts'
import type { Instance } from '../../instance.ts'
import { writePost } from '../../posts/write.ts'
import { isRefusal } from '../../refusal.ts'

let town: Town
let far: Stranger
let evil: Stranger
let here: Instance
let ana: TestMember
let bob: Person
let mallory: Person
const network: Network = new Map()
beforeAll(async () => {
  town = await openTown(inject('postgresPort'), network, { domain: 'garden.example' })
  far = await openStranger(network, 'far.example')
  evil = await openStranger(network, 'evil.example')
  const running = town.running.get(1)
  if (!running) throw new Error('not running')
  here = running.instance
  ana = await join(here, 'ana')
  bob = await far.actor('bob')
  mallory = await evil.actor('mallory')
})
afterAll(async () => {
  await far?.close()
  await evil?.close()
  await town?.close()
})

const INBOX = 'https://garden.example/inbox'
const ANA = 'https://garden.example/users/ana'
let count = 0
const act = (actor: Person, type: string, object: unknown, more: object = {}) => ({
  '@context': 'https://www.w3.org/ns/activitystreams',
  id: `${new URL(actor.uri).origin}/activities/${++count}`,
  type,
  actor: actor.uri,
  object,
  ...more,
})
const noteBy = (author: Person, id = `${new URL(author.uri).origin}/notes/${++count}`) => ({
  id,
  type: 'Note',
  attributedTo: author.uri,
  content: '<p>Hello <script>alert(1)</script></p>',
  published: '2026-01-01T00:00:00Z',
  to: ['https://www.w3.org/ns/activitystreams#Public'],
  tag: [{ type: 'Mention', href: ANA }],
})
const send = async (activity: unknown, posting: Posting = {}, from = far, inbox = INBOX) =>
  (await postTo(from, inbox, activity, posting)).status
const known = (uri: string) =>
  here.db.selectFrom('posts').selectAll().where('uri', '=', uri).executeTakeFirst()
const kept = async () => (await here.db.selectFrom('intake').select('id').execute()).length
const settled = () => vi.waitFor(async () => expect(await kept()).toBe(0), { timeout: 20_000, interval: 30 })
const arrives = (uri: string) =>
  vi.waitFor(async () => expect(await known(uri)).toBeTruthy(), { timeout: 20_000, interval: 30 })

test('both forms of signature are taken, at both kinds of inbox, and what comes is sanitised', async () => {
  const first = noteBy(bob)
  expect(await send(act(bob, 'Create', first), { signer: bob })).toBe(202)
  const second = noteBy(bob)
  expect(await send(act(bob, 'Create', second), { signer: bob, form: 'rfc9421' }, far, `${ANA}/inbox`)).toBe(
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
  const create = act(bob, 'Create', note)
  expect([await send(create, { signer: bob }), await send(create, { signer: bob })]).toEqual([202, 202])
  await settled()
  const rows = await here.db.selectFrom('posts').select('id').where('uri', '=', note.id).execute()
  expect(rows).toHaveLength(1)
})

test('what is not proven is refused, and leaves nothing behind', async () => {
  const note = noteBy(bob)
  const create = act(bob, 'Create', note)
  expect(await send(create)).toBe(401)
  expect(await send(create, { signer: mallory }, evil)).toBe(401)
  expect(await send(create, { signer: mallory, keyId: bob.keyId }, evil)).toBe(401)
  expect(await send(create, { signer: bob, instead: JSON.stringify({ ...create, to: [] }) })).toBe(401)
  const other = { ...create, id: 'https://evil.example/activities/x' }
  expect(await send(other, { signer: bob })).toBe(401)
  const inAnothersName = { ...act(mallory, 'Create', note), actor: mallory.uri }
  expect(await send(inAnothersName, { signer: mallory }, evil)).toBe(401)
  const deleteOthers = act(mallory, 'Delete', note.id)
  expect(await send(deleteOthers, { signer: mallory }, evil)).toBe(401)
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
  const create = act(bob, 'Create', noteBy(bob))
  expect(await send(create, { signer: mallory, keyId: claimed.id }, evil)).toBe(401)
  expect(await send(create, { signer: mallory, keyId: 'https://evil.example/fake#key' }, evil)).toBe(401)
  // At Bob's own server, but in a file that somebody uploaded there.
  const upload = { id: 'https://far.example/media/1#key', owner: bob.uri, publicKeyPem: mallory.publicKeyPem }
  far.pages.set('/media/1', {
    body: { id: bob.uri, type: 'Person', publicKey: upload },
    type: 'application/json',
  })
  expect(await send(create, { signer: mallory, keyId: upload.id }, evil)).toBe(401)
  far.pages.set('/media/1', { body: { id: bob.uri, type: 'Person', publicKey: upload } })
  expect(await send(create, { signer: mallory, keyId: upload.id }, evil)).toBe(401)
  expect(await kept()).toBe(0)
})

/** A draft-cavage signature over just these headers: correct, but for what it leaves out. */
async function signOver(names: readonly string[], body: string): Promise<Record<string, string>> {
  const values: Record<string, string> = {
    '(request-target)': 'post /inbox',
    host: 'garden.example',
    date: new Date().toUTCString(),
    digest: `SHA-256=${createHash('sha256').update(body).digest('base64')}`,
  }
  const text = names.map((name) => `${name}: ${values[name]}`).join('\n')
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', bob.privateKey, Buffer.from(text))
  const fields = `keyId="${bob.keyId}",algorithm="rsa-sha256",headers="${names.join(' ')}"`
  const encoded = Buffer.from(signature).toString('base64')
  return {
    date: values.date ?? '',
    digest: values.digest ?? '',
    signature: `${fields},signature="${encoded}"`,
  }
}

test('a signature over too little could be somebody else’s, used again: it proves nothing', async () => {
  const create = act(bob, 'Create', noteBy(bob))
  const over = async (...names: string[]) => {
    const headers = await signOver(names, JSON.stringify(create))
    return send(create, { tamper: (plain) => ({ ...plain, ...headers }) })
  }
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
  expect(await send(act(bob, 'Like', ANA), { signer: bob, instead: 'no JSON' })).toBe(400)
  const pretended = { ...act(bob, 'Follow', bob.uri), actor: ANA, id: `${ANA}/activities/1` }
  expect(await send(pretended, { signer: bob })).toBe(202)
  expect(await kept()).toBe(0)
})

test('nobody of that name is 404 at their inbox, and never at the shared one', async () => {
  const like = act(bob, 'Like', 'https://garden.example/users/nobody/posts/1')
  expect(await send(like, { signer: bob }, far, 'https://garden.example/users/nobody/inbox')).toBe(404)
  expect(await send(like, { signer: bob })).toBe(202)
})

test('a key that cannot be fetched for now is 503 with Retry-After, not 401', async () => {
  const carol = await far.actor('carol')
  far.down()
  const create = act(carol, 'Create', noteBy(carol))
  const answer = await postTo(evil, INBOX, create, { signer: carol })
  expect(answer).toEqual({ status: 503, retryAfter: '60' })
  far.up()
  far.pages.set('/users/carol', { status: 500, body: {} })
  expect(await send(create, { signer: carol })).toBe(503)
})

test('an actor that is gone is forgotten, once their server confirms it', async () => {
  const dave = await far.actor('dave')
  const note = noteBy(dave)
  expect(await send(act(dave, 'Create', note), { signer: dave })).toBe(202)
  await arrives(note.id)
  const eve = await far.actor('eve')
  // Signed with a key that never was, in the name of somebody who is still there.
  const forgedDelete = act(dave, 'Delete', dave.uri)
  expect(await send(forgedDelete, { signer: eve, keyId: `https://far.example/users/none#main-key` })).toBe(
    401,
  )
  const page = far.pages.get('/users/dave')
  far.pages.set('/users/dave', { status: 410, body: {} })
  await here.db.deleteFrom('kv').execute()
  expect(page).toBeTruthy()
  expect(await send(act(dave, 'Delete', dave.uri), { signer: eve, keyId: `${dave.uri}#other-key` })).toBe(202)
  await vi.waitFor(async () => expect(await known(note.id)).toBeUndefined(), { timeout: 20_000 })
})

test('the second form of signature is tried, remembered, and a busy host is left alone', async () => {
  const follow = act(bob, 'Follow', ANA)
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
