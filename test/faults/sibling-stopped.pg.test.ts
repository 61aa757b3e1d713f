// With two instances and one stopped, a remote server notices nothing: every delivery gets 202, and when the instance
// is back nothing is missing at it.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { closeVisitors, type Visitor, visitor } from '../visitor/visitor.ts'
import { type LiveCommunity, startCommunity } from '../world/community.ts'
import { deliver as deliverTo } from '../world/deliver.ts'
import { openInternet } from '../world/internet.ts'
import { openStranger, type Person, PUBLIC, type Stranger } from '../world/stranger.ts'
import { until } from './load.ts'

let garden: LiveCommunity
let far: Stranger
let zoe: Person
/** Lives at instance 1, and at instance 2. */
let up: { handle: string; visitor: Visitor }
let down: { handle: string; visitor: Visitor }

const uriOf = (handle: string) => `https://${garden.domain}/users/${handle}`
const databaseOf = (ordinal: number) => {
  const home = garden.databases.homes.get(ordinal)
  if (!home) throw new Error('no such home')
  return home.db
}
const postUris = async (ordinal: number) =>
  (await databaseOf(ordinal).selectFrom('posts').select('uri').execute()).map(({ uri }) => uri)

async function follow(who: typeof up): Promise<void> {
  const found = await who.visitor.get(`/search?q=${encodeURIComponent(`@zoe@${far.domain}`)}`)
  await who.visitor.submit(found, '/follow')
  const asks = () =>
    far.received.find(({ body }) => body.type === 'Follow' && body.actor === uriOf(who.handle))?.body
  await until(`the Follow of ${who.handle} arrived`, () => asks() !== undefined)
  expect(await deliver(`/users/${who.handle}/inbox`, zoe.activity('Accept', asks()))).toBe(202)
}

async function deliver(path: string, activity: object): Promise<number> {
  const inbox = `https://${garden.domain}${path}`
  return (await deliverTo(far.internet, inbox, activity, { signer: zoe })).status
}

beforeAll(async () => {
  const internet = await openInternet()
  far = await openStranger(internet, 'far.example')
  zoe = far.actor('zoe')
  garden = await startCommunity({ postgresPort: inject('postgresPort'), internet }, { homes: 2, cap: 1 })
  const people = new Map<number, typeof up>()
  for (const handle of ['ana', 'bo']) {
    const one = visitor(garden.site)
    await one.submit(await one.get('/sign-up'), '/sign-up', { handle, password: 'correct horse battery' })
    people.set(garden.running(1).instance.homes.byHandle(handle)?.home ?? 0, { handle, visitor: one })
  }
  const [first, second] = [people.get(1), people.get(2)]
  if (!first || !second) throw new Error('both have the same home')
  up = first
  down = second
  await follow(up)
  await follow(down)
  await down.visitor.submit(await down.visitor.get('/compose'), '/posts', { text: 'Is anybody out there?' })
})
afterAll(async () => {
  await closeVisitors()
  await garden.close()
  await far.close()
})

test('every delivery gets 202 while an instance is stopped, and nothing is missing after it returns', async () => {
  const own = (await postUris(2)).find((uri) => uri.startsWith(uriOf(down.handle)))
  if (!own) throw new Error('the post was not written')
  // Nobody here knows this id; whether the other one would is not known.
  expect((await up.visitor.get('/people/123')).status).toBe(404)
  await garden.stop(2)
  expect((await up.visitor.get('/people/123')).status).toBe(503)

  const statuses: number[] = []
  const send = async (path: string, activity: object) => {
    statuses.push(await deliver(path, activity))
  }
  const personal = `/users/${down.handle}/inbox`
  const create = (note: ReturnType<Person['note']>) =>
    zoe.activity('Create', note, { to: note.to, cc: note.cc })

  const noteOf = (content: string, more: object = {}) =>
    zoe.note({ content, cc: [`${zoe.uri}/followers`], ...more })
  const notes = Array.from({ length: 20 }, (_, count) => noteOf(`number ${count}`))
  for (const note of notes) await send('/inbox', create(note))
  // The same again, as servers do whose first answer was lost.
  for (const note of notes.slice(0, 5)) await send('/inbox', create(note))
  const [gone, edited, ...kept] = notes
  if (!gone || !edited) throw new Error('no notes')
  await send('/inbox', zoe.activity('Delete', { id: gone.id, type: 'Tombstone' }, { to: [PUBLIC] }))
  const updated = { ...edited, content: 'better', updated: new Date(Date.now() + 1000).toISOString() }
  await send('/inbox', zoe.activity('Update', updated, { to: [PUBLIC] }))
  const secret = noteOf('only for you', {
    to: [uriOf(down.handle)],
    cc: [],
    tag: [{ type: 'Mention', href: uriOf(down.handle) }],
  })
  await send(personal, create(secret))
  await send(personal, zoe.activity('Follow', uriOf(down.handle)))
  await send(personal, zoe.activity('Like', own))
  await send('/inbox', zoe.activity('Announce', own, { to: [PUBLIC] }))
  // A Delete that overtakes its Create leaves nothing.
  const never = noteOf('never seen')
  await send('/inbox', zoe.activity('Delete', never.id, { to: [PUBLIC] }))
  await send('/inbox', create(never))
  expect(new Set(statuses)).toEqual(new Set([202]))

  // The one that is up has its own at once.
  const expected = [edited, ...kept].map(({ id }) => id)
  const missingAt = async (ordinal: number, uris: readonly string[]) => {
    const there = new Set(await postUris(ordinal))
    return uris.filter((uri) => !there.has(uri))
  }
  await until('all is at the home that is up', async () => (await missingAt(1, expected)).length === 0)

  await garden.start(2)
  await until('all is at the home that was down', async () => {
    return (await missingAt(2, [...expected, secret.id])).length === 0
  })
  const db = databaseOf(2)
  const me = await db
    .selectFrom('accounts')
    .select('id')
    .where('uri', '=', uriOf(down.handle))
    .executeTakeFirstOrThrow()
  const zoeHere = await db
    .selectFrom('accounts')
    .select('id')
    .where('uri', '=', zoe.uri)
    .executeTakeFirstOrThrow()
  await until('followed, liked and boosted', async () => {
    const edges = await db.selectFrom('follows').selectAll().where('follower_id', '=', zoeHere.id).execute()
    const likes = await db.selectFrom('likes').selectAll().where('account_id', '=', zoeHere.id).execute()
    const boosts = await db.selectFrom('boosts').selectAll().where('account_id', '=', zoeHere.id).execute()
    return edges.some(({ followee_id }) => followee_id === me.id) && likes.length === 1 && boosts.length === 1
  })
  // Handed over is not yet applied: the edit may still be in the intake of either.
  await until('nothing waits any more', async () => {
    const counts = [1, 2].flatMap((ordinal) =>
      (['spool', 'intake'] as const).map((table) =>
        databaseOf(ordinal)
          .selectFrom(table)
          .select(({ fn }) => fn.countAll<string>().as('count'))
          .executeTakeFirstOrThrow(),
      ),
    )
    return (await Promise.all(counts)).every(({ count }) => count === '0')
  })
  for (const ordinal of [1, 2]) {
    const rows = await databaseOf(ordinal).selectFrom('posts').select(['uri', 'content_html']).execute()
    const uris = rows.map(({ uri }) => uri)
    expect(uris).not.toContain(gone.id)
    expect(uris).not.toContain(never.id)
    expect(rows.find(({ uri }) => uri === edited.id)?.content_html).toContain('better')
  }
  expect(await postUris(1)).not.toContain(secret.id)
  const { body } = await down.visitor.get('/home')
  expect(body).toContain('number 19')
})
