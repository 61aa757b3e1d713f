// A member moves to another instance while people, programs and other servers look on: none of them notices.
import { request } from 'undici'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import type { Move } from '../../instance/directory/moves/move.ts'
import { must } from '../postgres/lives.ts'
import { type Mover, moverThrough } from '../postgres/moves.ts'
import { closeVisitors, type Visitor, visitor } from '../visitor/visitor.ts'
import { type LiveCommunity, startCommunity } from '../world/community.ts'

let community: LiveCommunity
let mover: Mover
let ana: Visitor
beforeAll(async () => {
  community = await startCommunity({ postgresPort: inject('postgresPort') }, { homes: 2, cap: 5 })
  mover = moverThrough(community.databases, (...call) => community.running(1).instance.siblings.call(...call))
  ana = visitor(community.site)
  await ana.submit(await ana.get('/sign-up'), '/sign-up', {
    handle: 'ana',
    password: 'correct horse battery',
  })
  await say('The first')
})
afterAll(async () => {
  await closeVisitors()
  await mover?.close()
  await community?.close()
})

const say = async (text: string) => {
  const sent = await ana.submit(await ana.get('/compose'), '/posts', { text, visibility: 'public' })
  return sent.status
}
const home = async () => {
  const [row] = await community.admin<{ id: string; home: number }>(
    `SELECT id, home FROM members WHERE handle = 'ana'`,
  )
  if (!row) throw new Error('nobody is there')
  return row
}
/** Through one instance's door, as a server would ask. */
const ask = async (door: number, path: string) => {
  const answer = await request(community.url(door) + path, {
    headers: { host: community.domain, accept: 'application/activity+json' },
  })
  return { status: answer.statusCode, body: await answer.body.text() }
}
const seen = async () => {
  const paths = ['/users/ana', '/users/ana/outbox?page=true', '/users/ana/followers']
  const answers = []
  for (const door of [1, 2]) for (const path of paths) answers.push([path, await ask(door, path)])
  return answers
}
async function begin(): Promise<Move> {
  const { id, home: now } = await home()
  return must(await mover.begin(id, 3 - now))
}

test('her addresses, her session and her posts are the same through every door, there and back', async () => {
  const before = await seen()
  expect(before.map(([, answer]) => (answer as { status: number }).status)).toEqual(Array(6).fill(200))
  for (const _ of ['there', 'back']) {
    const move = await begin()
    expect(await mover.drive(move.id)).toEqual({ is: 'done' })
    expect((await home()).home).toBe(move.target)
    // No door has been told of it.
    expect(await seen()).toEqual(before)
    expect((await ana.get('/home')).body).toContain('The first')
  }
})

test('while she is frozen her pages are read, and what she writes waits for the end of it and is not lost', async () => {
  const move = await begin()
  await mover.driveTo(move.id, 'frozen')
  expect((await ask(1, '/users/ana')).status).toBe(200)
  expect((await ask(2, '/users/ana')).status).toBe(200)
  expect((await ana.get('/home')).status).toBe(200)
  let answered = false
  const written = say('Said while moving').then((status) => {
    answered = true
    return status
  })
  await mover.driveTo(move.id, 'verified')
  expect(answered).toBe(false)
  expect(await mover.drive(move.id)).toEqual({ is: 'done' })
  expect(await written).toBe(200)
  const { body } = await ana.get('/@ana')
  expect(body.split('Said while moving').length).toBeGreaterThan(1)
  const counts = await Promise.all(
    [...community.databases.homes].map(async ([ordinal, { db }]) => [
      ordinal,
      (await db.selectFrom('posts').select('id').where('content_text', '=', 'Said while moving').execute())
        .length,
    ]),
  )
  expect(new Map(counts as [number, number][]).get(move.target)).toBe(1)
})

test('switched and left alone by its driver, she is let in at the new home by the first who asks for her', async () => {
  const move = await begin()
  await mover.driveTo(move.id, 'switched')
  expect(await say('Nobody told me')).toBe(200)
  const { db } = community.running(move.target).instance
  expect(await db.selectFrom('members').select(['handle', 'state']).execute()).toEqual([
    { handle: 'ana', state: 'active' },
  ])
  expect(await mover.drive(move.id)).toEqual({ is: 'done' })
})

test('frozen for longer than a moment, she is asked to come again, not sent away', async () => {
  const move = await begin()
  await mover.driveTo(move.id, 'frozen')
  const page = await ana.get('/compose')
  const sent = await ana.submit(page, '/posts', { text: 'Too early', visibility: 'public' })
  expect(sent.status).toBe(503)
  expect(sent.headers['retry-after']).toBeDefined()
  expect(await mover.drive(move.id)).toEqual({ is: 'done' })
  expect((await ana.submit(page, '/posts', { text: 'Too early', visibility: 'public' })).status).toBe(200)
})

test('pages that she opened before act as they would have, on people and posts that her new home has never met', async () => {
  const bo = visitor(community.site)
  await bo.submit(await bo.get('/sign-up'), '/sign-up', { handle: 'bo', password: 'correct horse battery' })
  for (const text of ['Bread', 'Butter'])
    await bo.submit(await bo.get('/compose'), '/posts', { text, visibility: 'public' })
  const [bos] = await community.admin<{ home: number }>(`SELECT home FROM members WHERE handle = 'bo'`)
  if ((await home()).home !== bos?.home) expect(await mover.drive((await begin()).id)).toEqual({ is: 'done' })

  const profile = await ana.get('/@bo')
  const links = profile.html.querySelectorAll('a').map((link) => link.getAttribute('href') ?? '')
  const [butter, bread] = [...new Set(links.filter((href) => /^\/@bo\/\d+$/.test(href)))]
  const liked = await ana.get(butter ?? '')
  const answered = await ana.get(`/posts/${bread?.split('/')[2]}/reply`)
  expect(await mover.drive((await begin()).id)).toEqual({ is: 'done' })

  for (const [page, form, fields] of [
    [answered, '/posts', { text: 'And salt' }],
    [liked, '/like', {}],
    [profile, '/follow', {}],
  ] as const)
    expect([form, (await ana.submit(page, form, fields)).status]).toEqual([form, 200])
  await vi.waitFor(async () => {
    const news = (await bo.get('/notifications')).html.text
    for (const what of ['And salt', 'likes', 'follows']) expect(news).toContain(what)
  }, 30_000)

  // Halfway, bo's home has a row of hers that nobody may see yet.
  const move = await begin()
  await mover.driveTo(move.id, 'frozen')
  const hers = await bo.get(`/people/${(await home()).id}`)
  expect([hers.status, hers.path]).toEqual([200, '/@ana'])
  expect(await mover.drive(move.id)).toEqual({ is: 'done' })
})

test('people where she is going to live find her, and like what she wrote, while she is on the way', async () => {
  const bo = visitor(community.site)
  await bo.submit(await bo.get('/log-in'), '/log-in', { handle: 'bo', password: 'correct horse battery' })
  const [bos] = await community.admin<{ home: number }>(`SELECT home FROM members WHERE handle = 'bo'`)
  if ((await home()).home === bos?.home) expect(await mover.drive((await begin()).id)).toEqual({ is: 'done' })
  expect(await say('On the road')).toBe(200)
  const { body } = await ask(1, '/users/ana/outbox?page=true')
  const uri = /https:[^"]*\/users\/ana\/posts\/\d+(?=")/.exec(body)?.[0] ?? 'none'
  const open = (q: string) => bo.get(`/search?q=${encodeURIComponent(q)}`)
  expect((await bo.submit(await open(uri), '/like')).status).toBe(200)

  const move = await begin()
  await mover.driveTo(move.id, 'frozen')
  expect((await open('@ana')).html.text).not.toContain('Nobody found')
  expect((await bo.submit(await open(uri), '/unlike')).status).toBe(200)
  expect((await bo.submit(await open(uri), '/like')).status).toBe(200)
  expect(await mover.drive(move.id)).toEqual({ is: 'done' })
  await vi.waitFor(async () => {
    const { db } = community.running(move.target).instance
    const likes = await db
      .selectFrom('likes')
      .innerJoin('posts', 'posts.id', 'likes.post_id')
      .select('likes.account_id')
      .where('posts.uri', '=', uri)
      .execute()
    expect(likes).toHaveLength(1)
  }, 10_000)
})
