// A whole community of two homes: every page and document is the same, whichever instance takes the request.
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { closeVisitors, type Visitor, visitor } from '../../test/visitor/visitor.ts'
import { startCommunity } from '../../test/world/community.ts'

const PASSWORD = 'correct horse battery'
const HANDLES = ['ana', 'bo', 'cy', 'dee']
let community: Awaited<ReturnType<typeof startCommunity>>
const people = new Map<string, Visitor>()
/** Public paths of everybody and of what they wrote. */
const paths: string[] = []
/** The same as ActivityPub, and what the community says of itself. */
const documents = ['/actor', '/.well-known/nodeinfo', '/nodeinfo/2.0', '/nodeinfo/2.1']

const homeOf = (handle: string) => community.running(1).instance.homes.byHandle(handle)?.home ?? 0
const person = (handle: string): Visitor => {
  const found = people.get(handle)
  if (!found) throw new Error(`${handle} did not sign up`)
  return found
}

async function ask(
  door: number,
  path: string,
  headers: Record<string, string> = {},
  options: { method?: 'GET' | 'POST'; body?: string } = {},
) {
  const answer = await request(community.url(door) + path, {
    method: options.method ?? 'GET',
    headers: { host: community.domain, 'x-forwarded-for': '192.0.2.5', accept: 'text/html', ...headers },
    body: options.body ?? null,
  })
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() }
}

beforeAll(async () => {
  community = await startCommunity({ postgresPort: inject('postgresPort') }, { homes: 2, cap: 2 })
  for (const handle of HANDLES) {
    const one = visitor(community.site)
    people.set(handle, one)
    const home = await one.submit(await one.get('/sign-up'), '/sign-up', { handle, password: PASSWORD })
    if (home.path !== '/home') throw new Error(`${handle} came to ${home.path}: ${home.html.text}`)
    await one.submit(await one.get('/compose'), '/posts', {
      text: `Hello from ${handle}`,
      visibility: 'public',
    })
    const profile = await one.get(`/@${handle}`)
    const post = /\/@[a-z]+\/[0-9]+/.exec(profile.body)?.[0]
    if (!post) throw new Error(`no post on the page of ${handle}: ${profile.html.text}`)
    paths.push(`/@${handle}`, post)
    const actor = `/users/${handle}`
    documents.push(
      actor,
      ...['outbox', 'outbox?page=true', 'followers', 'following'].map((end) => `${actor}/${end}`),
    )
    documents.push(`${actor}/posts/${post.split('/').at(-1)}`)
    documents.push(`/.well-known/webfinger?resource=acct:${handle}@${community.domain}`)
  }
  // Totals are as old as the last look at the directory.
  for (const ordinal of [1, 2]) await community.running(ordinal).instance.homes.refresh()
})
afterAll(async () => {
  await closeVisitors()
  await community.close()
})

test('four people with two seats each have two homes', () => {
  expect(HANDLES.map(homeOf).sort()).toEqual([1, 1, 2, 2])
})

test('every public page is the same at both doors', async () => {
  for (const path of paths) {
    const [one, two] = [await ask(1, path), await ask(2, path)]
    expect([path, one.status]).toEqual([path, 200])
    expect(two.body).toBe(one.body)
    expect(two.headers['content-security-policy']).toBe(one.headers['content-security-policy'])
  }
})

test('every document is the same at both doors', async () => {
  for (const path of documents) {
    const accept =
      path.startsWith('/users/') || path === '/actor' ? 'application/activity+json' : 'application/json'
    const [one, two] = [await ask(1, path, { accept }), await ask(2, path, { accept })]
    expect([path, one.status, two.status]).toEqual([path, 200, 200])
    expect(two.body).toBe(one.body)
    expect(two.headers['content-type']).toBe(one.headers['content-type'])
  }
})

/** New in each form that is shown, so that sending it twice makes one post. */
const once = /name="once" value="[^"]*"/

test('whoever is logged in is logged in at both doors, with the same pages', async () => {
  for (const handle of HANDLES) {
    for (const path of [
      '/home',
      '/local',
      '/notifications',
      '/settings/profile',
      `/@${handle}`,
      '/compose',
    ]) {
      const page = await person(handle).get(path)
      const again = await person(handle).get(path)
      expect([handle, path, page.status, again.status]).toEqual([handle, path, 200, 200])
      expect(page.path).toBe(path)
      expect(again.body.replace(once, '')).toBe(page.body.replace(once, ''))
    }
  }
})

test('logging in works at the wrong door, and says so when the password is wrong', async () => {
  for (const handle of HANDLES) {
    for (const door of [1, 2]) {
      const send = (password: string) =>
        ask(
          door,
          '/log-in',
          { 'content-type': 'application/x-www-form-urlencoded' },
          { method: 'POST', body: new URLSearchParams({ handle, password }).toString() },
        )
      const done = await send(PASSWORD)
      expect([handle, door, done.status, done.headers.location]).toEqual([handle, door, 303, '/home'])
      const cookie = String(done.headers['set-cookie']).split(';', 1)[0] ?? ''
      for (const at of [1, 2]) expect((await ask(at, '/home', { cookie })).status).toBe(200)
      expect((await send('not the password')).status).toBe(401)
    }
  }
})

test('sign-up is open at both doors; a name that somebody has is refused at both', async () => {
  for (const door of [1, 2]) {
    expect((await ask(door, '/sign-up')).status).toBe(200)
    const body = new URLSearchParams({ handle: 'ana', password: PASSWORD }).toString()
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await ask(door, '/sign-up', form, { method: 'POST', body })).status).toBe(409)
  }
})

test('a style sheet is found at both doors', async () => {
  const sheet = /\/assets\/[0-9a-f]+\.css/.exec((await ask(1, '/')).body)?.[0] ?? ''
  for (const door of [1, 2]) expect((await ask(door, sheet)).headers['content-type']).toContain('text/css')
})

describe('with one instance stopped', () => {
  beforeAll(() => community.stop(2))

  test('its members get a page that says to come back, the others notice nothing', async () => {
    for (const handle of HANDLES) {
      const here = homeOf(handle) === 1
      const page = await ask(1, `/@${handle}`)
      expect([handle, page.status, page.headers['retry-after']]).toEqual(
        here ? [handle, 200, undefined] : [handle, 503, '5'],
      )
      expect((await person(handle).get('/home')).status).toBe(here ? 200 : 503)
      if (here) continue
      expect(page.body).toContain('<!doctype html>')
      expect(page.body).toContain('Try again')
      const document = await ask(1, `/users/${handle}`, { accept: 'application/activity+json' })
      expect([document.status, Object.keys(JSON.parse(document.body))]).toEqual([503, ['error']])
    }
    const accept = 'application/activity+json'
    for (const path of documents) {
      const owner = HANDLES.find((handle) => path.startsWith(`/users/${handle}`))
      const { status } = await ask(1, path, { accept })
      // Names, counts and the community's own actor come from the directory: also with the home down.
      expect([path, status]).toEqual([path, owner && homeOf(owner) === 2 ? 503 : 200])
    }
    for (const path of ['/', '/sign-up', '/log-in']) expect((await ask(1, path)).status).toBe(200)
  })

  test('and when it is back, so is everything', async () => {
    await community.start(2)
    for (const path of paths) expect((await ask(1, path)).status).toBe(200)
    for (const handle of HANDLES) expect((await person(handle).get('/home')).status).toBe(200)
  })
})
