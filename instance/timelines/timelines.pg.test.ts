import { readFile } from 'node:fs/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../../test/postgres/instances.ts'
import { join, type TestMember } from '../../test/postgres/people.ts'
import { follow } from '../members/follow.ts'
import type { Draft } from '../posts/draft.ts'
import { boost } from '../posts/react.ts'
import { deletePost } from '../posts/remove.ts'
import { foldTag } from '../posts/text/tags.ts'
import { writePost } from '../posts/write.ts'
import { isRefusal } from '../refusal.ts'
import type { TimelinePage } from './page.ts'
import { readThread } from './thread.ts'
import { hereTimeline, homeTimeline, profileTimeline, tagTimeline } from './timelines.ts'

let community: TestCommunity
let home: TestInstance
let ana: TestMember
let ben: TestMember
let cleo: TestMember
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'))
  home = await makeInstance(homeOf(community, 1), 1)
  ;[ana, ben, cleo] = [
    await join(home.instance, 'ana'),
    await join(home.instance, 'ben'),
    await join(home.instance, 'cleo'),
  ]
  await follow(home.instance, ana, ben.id)
})
afterAll(async () => {
  await home.close()
  await community.close()
})

const write = async (who: TestMember, text: string, more: Partial<Draft> = {}) => {
  const result = await writePost(home.instance, who, { text, visibility: 'public', ...more })
  if (isRefusal(result)) throw new Error(JSON.stringify(result))
  return result.id
}
const viewer = (who: TestMember) => ({ id: who.id, ordinal: 1 })
const texts = (page: TimelinePage) => page.entries.map(({ post }) => post.html.replace(/<[^>]*>/g, ''))

test('home shows whom one follows, oneself and boosts, and answers only among them', async () => {
  const { db } = home.instance
  const one = await write(cleo, 'cleo one')
  await write(ben, 'ben to cleo', { replyTo: one })
  const two = await write(ben, 'ben two')
  await write(ben, 'ben continues', { replyTo: two })
  await write(ana, 'ana to cleo', { replyTo: one })
  await write(ben, 'ben for followers', { visibility: 'followers' })
  await write(ben, 'ben @cleo only', { visibility: 'direct' })
  expect(texts(await homeTimeline(db, viewer(ana)))).toEqual([
    'ben for followers',
    'ana to cleo',
    'ben continues',
    'ben two',
  ])
  await boost(home.instance, ben, one)
  const [first] = (await homeTimeline(db, viewer(ana))).entries
  expect(first).toMatchObject({
    boostedBy: { handle: 'ben' },
    post: { boosts: 1, boosted: false, replies: 2 },
  })
})

test('Here shows residents’ public and local posts; outside it only the public ones', async () => {
  const { db } = home.instance
  await write(cleo, 'for us', { visibility: 'instance' })
  await write(cleo, 'quietly', { visibility: 'unlisted' })
  expect(texts(await hereTimeline(db, viewer(ana)))).toEqual([
    'for us',
    'ben continues',
    'ben two',
    'cleo one',
  ])
  expect(texts(await hereTimeline(db, undefined))).toEqual(['ben continues', 'ben two', 'cleo one'])
  expect(texts(await profileTimeline(db, undefined, cleo.id))).toEqual(['quietly', 'cleo one'])
  expect(texts(await profileTimeline(db, viewer(ana), ben.id, { replies: true }))).toEqual([
    'ben continues',
    'ben to cleo',
  ])
})

test('pages follow each other without gaps or repeats while new posts come', async () => {
  const { db } = home.instance
  for (let at = 0; at < 45; at++) await write(cleo, `page ${at} #counted`)
  const all: string[] = []
  let before: string | undefined
  do {
    const page = await tagTimeline(db, undefined, 'counted', before)
    all.push(...texts(page))
    before = page.next
    await write(cleo, 'between #counted')
  } while (before)
  expect(all).toEqual(Array.from({ length: 45 }, (_, at) => `page ${44 - at} #counted`))
})

test('a tag is found however it is written, in public posts alone, by its index, and goes with the post', async () => {
  const { db } = home.instance
  await write(ana, 'first #Äpfel and #äpfel')
  const second = await write(ben, 'second #ÄPFEL')
  await write(ben, 'third #äpfel', { visibility: 'unlisted' })
  await write(ben, 'fourth #äpfelmus')
  const tagged = async () => texts(await tagTimeline(db, viewer(ana), foldTag('#ÄPFEL') ?? ''))
  expect(await tagged()).toEqual(['second #ÄPFEL', 'first #Äpfel and #äpfel'])
  await deletePost(home.instance, ben, second)
  expect(await tagged()).toEqual(['first #Äpfel and #äpfel'])
  expect(await db.selectFrom('post_tags').select('tag').where('post_id', '=', second).execute()).toEqual([])
  const plan = await db.transaction().execute(async (tx) => {
    await sql`SET LOCAL enable_seqscan = off`.execute(tx)
    return sql<{ 'QUERY PLAN': string }>`EXPLAIN SELECT post_id FROM post_tags WHERE tag = 'x' AND post_id < 9
      ORDER BY post_id DESC LIMIT 21`.execute(tx)
  })
  expect(plan.rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(
    /Scan (using|on) post_tags_tag_post_id_idx/,
  )
})

test('the migration finds the tags of posts that were there before it', async () => {
  const { db } = home.instance
  const id = await write(ana, 'older, with #two #Words, and a link https://other.example/tags/no')
  const all = () => db.selectFrom('post_tags').selectAll().where('post_id', '=', id).orderBy('tag').execute()
  const before = await all()
  await db.deleteFrom('post_tags').execute()
  const file = new URL('../store/migrations/instance/0002-post-tags.sql', import.meta.url)
  const [insert = ''] = /^INSERT INTO post_tags [^;]*;/m.exec(await readFile(file, 'utf8')) ?? []
  await sql.raw(insert).execute(db)
  expect(before.map(({ tag }) => tag)).toEqual(['two', 'words'])
  expect(await all()).toEqual(before)
})

test('a thread reads in order, and without what the reader may not see', async () => {
  const { db } = home.instance
  const top = await write(ana, 'top')
  const left = await write(ben, 'left', { replyTo: top })
  const right = await write(cleo, 'right', { replyTo: top })
  const leftDown = await write(ana, 'left down', { replyTo: left })
  await write(cleo, '@ana secret', { replyTo: right, visibility: 'direct' })
  const shape = (thread: Awaited<ReturnType<typeof readThread>>) => ({
    above: thread?.above.map(({ post }) => post.id),
    below: thread?.below.map(({ post, depth }) => `${depth} ${post.html.replace(/<[^>]*>/g, '')}`),
  })
  expect(shape(await readThread(db, undefined, top))).toEqual({
    above: [],
    below: ['1 left', '2 left down', '1 right'],
  })
  expect(shape(await readThread(db, viewer(ana), top)).below).toEqual([
    '1 left',
    '2 left down',
    '1 right',
    '2 @ana secret',
  ])
  expect(shape(await readThread(db, undefined, leftDown)).above).toEqual([top, left])
  const secret = await write(ana, '@ben hush', { visibility: 'direct' })
  expect(await readThread(db, viewer(cleo), secret)).toBeUndefined()
})

test('a boost is shown to whom it is for', async () => {
  const { db } = home.instance
  const id = await write(cleo, 'boosted for some')
  await boost(home.instance, ben, id)
  const shown = async () => {
    const pages = {
      everybody: await profileTimeline(db, undefined, ben.id),
      another: await profileTimeline(db, viewer(cleo), ben.id),
      follower: await profileTimeline(db, viewer(ana), ben.id),
      own: await profileTimeline(db, viewer(ben), ben.id),
      home: await homeTimeline(db, viewer(ana)),
    }
    return Object.entries(pages)
      .filter(([, page]) => page.entries.some(({ post, boostedBy }) => post.id === id && boostedBy))
      .map(([name]) => name)
  }
  const make = (visibility: 'followers' | 'direct') =>
    db.updateTable('boosts').set({ visibility }).where('post_id', '=', id).execute()
  expect(await shown()).toEqual(['everybody', 'another', 'follower', 'own', 'home'])
  await make('followers')
  expect(await shown()).toEqual(['follower', 'own', 'home'])
  await make('direct')
  expect(await shown()).toEqual(['own'])
})
