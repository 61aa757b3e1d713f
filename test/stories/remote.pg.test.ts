// A member moves to a sibling and back while another server follows, likes, boosts and answers her, and she it: it
// notices nothing. The other server is a second community, whose database is held against what it was before.
import { pino } from 'pino'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { changeDirectory } from '../../instance/directory/change.ts'
import { beginMove } from '../../instance/directory/moves/begin.ts'
import { resolveAccount } from '../../instance/federation/resolve/account.ts'
import {
  type DirectoryDatabase,
  type DirectoryTables,
  type InstanceDatabase,
  openDatabase,
} from '../../instance/store/database.ts'
import { type DriveDeps, drive } from '../../operator/rebalance/drive/drive.ts'
import { dump, must } from '../postgres/lives.ts'
import { closeVisitors } from '../visitor/visitor.ts'
import { type LiveCommunity, startCommunity } from '../world/community.ts'
import { openInternet } from '../world/internet.ts'
import { type Across, openAcross } from './across.ts'
import { type Arrival, rememberArrivals } from './arrivals.ts'
import { givenOf } from './given.ts'

/** Where the move stands still until everybody has done something. */
const STEPS = ['subscribed', 'copied', 'quiesced', 'frozen', 'switched', 'activated']
const WAYS = ['there', 'back']
const TIMES = ['before', ...WAYS.flatMap((way) => [...STEPS, 'done'].map((step) => `${step} ${way}`))]
const ANA = 'https://garden.example/users/ana'
const each = (...what: string[]) => what.flatMap((one) => TIMES.map((time) => `${one} ${time}`)).sort()

let garden: LiveCommunity
let shore: LiveCommunity
let directory: DirectoryDatabase
let across: Across
let arrivals: () => Promise<Arrival[]>
let before: Awaited<ReturnType<typeof dump>>
const given: string[][] = []
beforeAll(async () => {
  const settings = { postgresPort: inject('postgresPort'), internet: await openInternet() }
  garden = await startCommunity(settings, { domain: 'garden.example', homes: 2 })
  shore = await startCommunity(settings, { domain: 'shore.example' })
  directory = openDatabase<DirectoryTables>(garden.databases.adminUrls.directory, { name: 'operator' })
  arrivals = await rememberArrivals(shore.databases.adminUrls.homes.get(1) ?? '')
  across = await openAcross(garden, shore, TIMES)
  before = await dump(shore.running(1).instance)
  await act('before')
  for (const way of WAYS) await moveWhileAllAct(way)
  await across.settled()
}, 180_000)
afterAll(async () => {
  await closeVisitors()
  await directory?.destroy()
  await garden?.close()
  await shore?.close()
})

/** Writes of hers wait while she is frozen, and are not waited for. */
async function act(time: string): Promise<{ readonly hers: Promise<void> }> {
  await across.abroad(time)
  given.push(await givenOf(garden.site, shore.running(1).instance.db))
  const hers = across.atHome(time)
  if (!time.startsWith('frozen')) await hers
  return { hers }
}

async function moveWhileAllAct(way: string): Promise<void> {
  const { id, home } = await directory.selectFrom('members').select(['id', 'home']).executeTakeFirstOrThrow()
  const begun = changeDirectory(directory, (tx) => beginMove(tx, { memberId: id, target: 3 - home }))
  const acts: { readonly hers: Promise<void> }[] = []
  const reached: DriveDeps['reached'] = async ({ step }) => {
    if (STEPS.includes(step)) acts.push(await act(`${step} ${way}`))
  }
  const { call } = garden.running(1).instance.siblings
  const log = pino({ level: 'silent' })
  expect(await drive({ directory, call, log, reached }, must(await begun).id)).toEqual({ is: 'done' })
  for (const { hers } of acts) await hers
  await act(`done ${way}`)
}

const plain = (html: unknown) => `${html ?? ''}`.replaceAll(/<[^>]*>/g, '')
const home = async () => {
  const { home } = await directory.selectFrom('members').select('home').executeTakeFirstOrThrow()
  return garden.running(home).instance
}
/** Her posts, as a home or the other server has them. */
const hers = (db: InstanceDatabase) =>
  db
    .selectFrom('posts')
    .select(['uri', 'url', 'content_html', 'visibility', 'summary', 'published_at', 'edited_at'])
    .where('uri', 'like', `${ANA}/%`)
    .orderBy('uri')
    .execute()

type Row = Readonly<Record<string, unknown>>
/** The texts of posts, the number of all others; not how much Ben may still write this hour. */
function inWords(rows: Record<string, string[]>, other: Record<string, string[]>): Row {
  const words = Object.entries(rows).map(([table, all]): [string, unknown] => {
    const only = all
      .filter((row) => !other[table]?.includes(row))
      .map((row): Row => (row.startsWith('{') ? JSON.parse(row) : { row }))
      .filter(({ key }) => !`${key}`.startsWith('spent:'))
    if (table !== 'public.posts') return [table, only.length]
    return [table, only.map((row) => plain(row.content_html)).sort()]
  })
  return Object.fromEntries(words.filter(([, found]) => found !== 0))
}

test('in the database of the other server nothing changed but by what was written and done', async () => {
  const { instance } = shore.running(1)
  const after = await dump(instance)
  const count = TIMES.length
  expect(inWords(before, after)).toEqual({
    'public.posts': each('Changed', 'Deleted', 'Turn', 'Wreck'),
    'public.boosts': count,
    'public.likes': count,
  })
  expect(inWords(after, before)).toEqual({
    'public.posts': each('Answer', 'Changed since', 'News', 'Said', 'Turned'),
    'public.boosts': 2 * count,
    'public.follows': 1,
    'public.likes': 2 * count,
    'public.mentions': count,
    'public.notifications': 2 * count,
    'public.outbox': 10 * count - 1,
    'public.tombstones': 5 * count - 1,
  })
  const { db } = await home()
  expect(await hers(instance.db)).toEqual(await hers(db))
  // Nor does it change when she is looked up anew.
  const { fetched_at: _, updated_at: __, ...known } = must(await resolveAccount(instance, ANA))
  expect(must(await resolveAccount(instance, ANA, { refresh: true }))).toMatchObject(known)
})

test('each activity came once, under one id, signed with the one key of hers; none tells of a move or an end', async () => {
  const all = await arrivals()
  const twice = (by: (one: Arrival) => string) =>
    all.filter((one, index) => all.findIndex((other) => by(other) === by(one)) < index)
  expect(twice(({ id }) => id)).toEqual([])
  expect(twice(({ says }) => says)).toEqual([])
  expect(new Set(all.map(({ actor, key }) => `${actor} ${key}`))).toEqual(new Set([`${ANA} ${ANA}#main-key`]))
  expect(new Set(all.map(({ type }) => type))).toEqual(
    new Set(['Accept', 'Announce', 'Create', 'Delete', 'Follow', 'Like', 'Update']),
  )
  const ofHerself = all.filter(
    ({ type, object }) => ['Delete', 'Update'].includes(type) && !object.startsWith(`${ANA}/posts/`),
  )
  expect(ofHerself).toEqual([])
})

test('what the other server sent was taken at once, counts once, and she is told of it where she lives', async () => {
  const inboxes = garden.answers.filter(({ method, path }) => method === 'POST' && path.endsWith('/inbox'))
  expect(inboxes.filter(({ status }) => status !== 202)).toEqual([])
  const { db } = await home()
  for (const table of ['likes', 'boosts'] as const) {
    const rows = await db
      .selectFrom(table)
      .innerJoin('accounts', 'accounts.id', `${table}.account_id`)
      .innerJoin('posts', 'posts.id', `${table}.post_id`)
      .select('content_text')
      .where('handle', '=', 'ben')
      .execute()
    expect([table, rows.map((row) => row.content_text).sort()]).toEqual([table, each('Liked')])
  }
  const told = await db
    .selectFrom('notifications')
    .leftJoin('accounts', 'accounts.id', 'notifications.account_id')
    .leftJoin('posts', 'posts.id', 'notifications.post_id')
    .select(['kind', 'handle', 'content_html'])
    .where('kind', '<>', 'notice')
    .execute()
  const fans = ['ben', `fan${TIMES.length - 1}`]
  const followers = await db
    .selectFrom('follows')
    .innerJoin('accounts', 'accounts.id', 'follows.follower_id')
    .select(['handle', 'state'])
    .where('domain', '=', shore.domain)
    .orderBy('handle')
    .execute()
  expect(followers).toEqual(fans.map((handle) => ({ handle, state: 'accepted' })))
  expect(told.map((one) => `${one.kind} by ${one.handle} ${plain(one.content_html)}`.trim()).sort()).toEqual(
    [
      ...fans.map((fan) => `follow by ${fan}`),
      ...each('like by ben Liked', 'boost by ben Liked', 'mention by ben Answer'),
    ].sort(),
  )
  const came = await db
    .selectFrom('posts')
    .select('content_html')
    .where('uri', 'like', 'https://shore.%')
    .execute()
  expect(came.map((row) => plain(row.content_html)).sort()).toEqual(each('Answer', 'News', 'Tide', 'Turned'))
})

test('every address that the other server has of her gave the same all the time', async () => {
  expect(given[0]?.map((line) => line.split(' ')[1])).toEqual(Array(4 + 2 * TIMES.length).fill('200'))
  for (const then of given) expect(then).toEqual(given[0])
})
