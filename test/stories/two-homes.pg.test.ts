// Friends of one community whose homes are two instances: to them it is one place.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { until } from '../faults/load.ts'
import { closeVisitors, type Page, type Visitor, visitor } from '../visitor/visitor.ts'
import { startCommunity } from '../world/community.ts'

let community: Awaited<ReturnType<typeof startCommunity>>
let ana: Visitor
let bo: Visitor

const join = async (handle: string): Promise<Visitor> => {
  const one = visitor(community.site)
  await one.submit(await one.get('/sign-up'), '/sign-up', { handle, password: 'correct horse battery' })
  return one
}
const write = async (who: Visitor, text: string, visibility = 'public'): Promise<void> => {
  const sent = await who.submit(await who.get('/compose'), '/posts', { text, visibility })
  expect([text, sent.status]).toEqual([text, 200])
}
/** Waits until the page shows the text, or no longer does. */
const shows = async (who: Visitor, path: string, text: string, wanted = true): Promise<Page> => {
  let page = await who.get(path)
  await until(`${path} ${wanted ? 'shows' : 'hides'} "${text}"`, async () => {
    page = await who.get(path)
    return page.status === 200 && page.body.includes(text) === wanted
  })
  return page
}
/** The page of the post with this text, as it is linked from a page. */
const postWith = async (who: Visitor, path: string, text: string): Promise<Page> => {
  const page = await shows(who, path, text)
  const article = page.html.querySelectorAll('article').find((one) => one.text.includes(text))
  const links = article?.querySelectorAll('a').map((link) => link.getAttribute('href') ?? '') ?? []
  const own = links.find((href) => /^\/(@[a-z]+|posts)\/[0-9]+$/.test(href))
  if (!own) throw new Error(`no link to the post "${text}" on ${path}`)
  return who.get(own)
}
const edges = async () => {
  const perHome = []
  for (const [, { db }] of community.databases.homes) {
    const rows = await db
      .selectFrom('follows')
      .innerJoin('accounts as follower', 'follower.id', 'follows.follower_id')
      .innerJoin('accounts as followee', 'followee.id', 'follows.followee_id')
      .select(['follower.handle as from', 'followee.handle as to', 'follows.state'])
      .orderBy('from')
      .execute()
    perHome.push(rows)
  }
  return perHome
}

beforeAll(async () => {
  community = await startCommunity({ postgresPort: inject('postgresPort') }, { homes: 2, cap: 1 })
  ana = await join('ana')
  bo = await join('bo')
})
afterAll(async () => {
  await closeVisitors()
  await community.close()
})

test('a follow from one home to the other is the same at both', async () => {
  const found = await bo.get('/search?q=ana')
  await bo.submit(found, '/follow')
  const follow = { from: 'bo', to: 'ana', state: 'accepted' }
  await until('both homes know', async () =>
    (await edges()).every((rows) => rows.length === 1 && rows[0]?.state === 'accepted'),
  )
  expect(await edges()).toEqual([[follow], [follow]])
  await shows(ana, '/notifications', 'bo')
})

test('posts reach the follower at the other home, except those for one instance only', async () => {
  await write(ana, 'for everybody')
  await write(ana, 'for my followers', 'followers')
  await write(ana, 'only for my instance', 'instance')
  await shows(bo, '/home', 'for everybody')
  await shows(bo, '/home', 'for my followers')
  expect((await bo.get('/home')).body).not.toContain('only for my instance')
  const stranger = visitor(community.site)
  const { body } = await stranger.get('/@ana')
  expect(body).toContain('for everybody')
  expect(body).not.toContain('for my followers')
  expect(body).not.toContain('only for my instance')
})

test('an answer, a like and a boost come back, and their undoing too', async () => {
  const post = await postWith(bo, '/home', 'for everybody')
  await bo.submit(post, '/like')
  await bo.submit(post, '/boost')
  const id = /([0-9]+)$/.exec(post.path)?.[1] ?? ''
  await bo.submit(await bo.get(`/posts/${id}/reply`), '/posts', { text: 'what a nice place' })
  await shows(ana, '/notifications', 'what a nice place')
  const seen = async () => {
    const db = community.running(1).instance.homes.byHandle('ana')?.home ?? 0
    const home = community.databases.homes.get(db)?.db
    const likes = await home?.selectFrom('likes').selectAll().where('post_id', '=', id).execute()
    const boosts = await home?.selectFrom('boosts').selectAll().where('post_id', '=', id).execute()
    return [likes?.length, boosts?.length]
  }
  await until('both are counted at the home of the post', async () => (await seen()).join() === '1,1')
  const again = await postWith(bo, '/home', 'for everybody')
  await bo.submit(again, '/unlike')
  await bo.submit(await bo.get(again.path), '/unboost')
  await until('neither is any more', async () => (await seen()).join() === '0,0')
})

test('a deleted post is gone at the other home', async () => {
  await write(ana, 'a slip of the tongue')
  await shows(bo, '/home', 'a slip of the tongue')
  const post = await postWith(ana, '/home', 'a slip of the tongue')
  await ana.submit(post, '/delete')
  await shows(bo, '/home', 'a slip of the tongue', false)
})

test('a new name is seen at the other home', async () => {
  const name = 'Ana of the Orchard'
  const saved = await ana.submit(await ana.get('/settings/profile'), '/settings/profile', {
    display_name: name,
  })
  expect(saved.status).toBe(200)
  await shows(bo, '/home', name)
})

test('unfollowing empties it again at both', async () => {
  const [person] = (await bo.get('/search?q=ana')).html
    .querySelectorAll('a')
    .map((link) => link.getAttribute('href') ?? '')
    .filter((href) => /^\/people\/[0-9]+$/.test(href))
  await bo.submit(await bo.get(person ?? '/'), '/unfollow')
  await until('both homes know', async () => (await edges()).every((rows) => rows.length === 0))
})
