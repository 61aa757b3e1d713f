// With two instances and one stopped, a remote server notices nothing: every delivery gets 202, and when the instance
// is back nothing is missing at it.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { trustedAuthority } from '../front.ts'
import { type LiveCommunity, startWorld, type World } from '../instances.ts'
import { closeVisitors, type Visitor, visitor } from '../stories/visitor.ts'
import { PUBLIC, type Stranger, startStranger } from '../stranger.ts'
import { until } from './load.ts'

let world: World<'garden'>
let garden: LiveCommunity
let far: Stranger
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
  const asks = () => far.received.find(({ type, actor }) => type === 'Follow' && actor === uriOf(who.handle))
  await until(`the Follow of ${who.handle} arrived`, () => asks() !== undefined)
  const status = await far.deliver(garden.site, `/users/${who.handle}/inbox`, far.activity('Accept', asks()))
  expect(status).toBe(202)
}

beforeAll(async () => {
  const authority = await trustedAuthority()
  far = await startStranger(authority, 'far')
  world = await startWorld(
    { postgresPort: inject('postgresPort'), authority, strangers: [far] },
    { garden: { homes: 2, cap: 1 } },
  )
  garden = world.communities.garden
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
  await world.close()
  await far.close()
})

test('every delivery gets 202 while an instance is stopped, and nothing is missing after it returns', async () => {
  const own = (await postUris(2)).find((uri) => uri.startsWith(uriOf(down.handle)))
  if (!own) throw new Error('the post was not written')
  await garden.stop(2)

  const statuses: number[] = []
  const deliver = async (path: string, activity: Parameters<Stranger['deliver']>[2]) => {
    statuses.push(await far.deliver(garden.site, path, activity))
  }
  const personal = `/users/${down.handle}/inbox`
  const create = (note: ReturnType<Stranger['note']>) =>
    far.activity('Create', note, { to: note.to, cc: note.cc })

  const notes = Array.from({ length: 20 }, (_, count) => far.note(`number ${count}`))
  for (const note of notes) await deliver('/inbox', create(note))
  // The same again, as servers do whose first answer was lost.
  for (const note of notes.slice(0, 5)) await deliver('/inbox', create(note))
  const [gone, edited, ...kept] = notes
  if (!gone || !edited) throw new Error('no notes')
  await deliver('/inbox', far.activity('Delete', { id: gone.id, type: 'Tombstone' }, { to: [PUBLIC] }))
  const updated = { ...edited, content: 'better', updated: new Date(Date.now() + 1000).toISOString() }
  await deliver('/inbox', far.activity('Update', updated, { to: [PUBLIC] }))
  const secret = far.note('only for you', {
    to: [uriOf(down.handle)],
    cc: [],
    tag: [{ type: 'Mention', href: uriOf(down.handle) }],
  })
  await deliver(personal, create(secret))
  await deliver(personal, far.activity('Follow', uriOf(down.handle)))
  await deliver(personal, far.activity('Like', own))
  await deliver('/inbox', far.activity('Announce', own, { to: [PUBLIC] }))
  // A Delete that overtakes its Create leaves nothing.
  const never = far.note('never seen')
  await deliver('/inbox', far.activity('Delete', never.id, { to: [PUBLIC] }))
  await deliver('/inbox', create(never))
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
  const zoe = await db
    .selectFrom('accounts')
    .select('id')
    .where('uri', '=', far.actor)
    .executeTakeFirstOrThrow()
  await until('followed, liked and boosted', async () => {
    const edges = await db.selectFrom('follows').selectAll().where('follower_id', '=', zoe.id).execute()
    const likes = await db.selectFrom('likes').selectAll().where('account_id', '=', zoe.id).execute()
    const boosts = await db.selectFrom('boosts').selectAll().where('account_id', '=', zoe.id).execute()
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
