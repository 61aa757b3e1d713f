import type { FastifyInstance } from 'fastify'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../../test/postgres/instances.ts'
import { PASSWORD, stranger } from '../../test/postgres/people.ts'
import { makeVisitor, signUp, type Visitor } from '../../test/visitor/in-process.ts'
import { buildPublicApp } from '../server.ts'
import { nextId } from '../store/ids.ts'

let community: TestCommunity
let home: TestInstance
let app: FastifyInstance
let ana: Visitor
let ben: Visitor
const visitor = () => makeVisitor(app, home.instance)

beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'))
  home = await makeInstance(homeOf(community, 1), 1)
  app = await buildPublicApp(home.instance)
  await app.ready()
  ana = await signUp(app, home.instance, 'ana', '<script>alert("Ana")</script>')
  ben = await signUp(app, home.instance, 'ben', 'Ben')
})
afterAll(async () => {
  await app.close()
  await home.close()
  await community.close()
})

const idIn = (html: string) => /id="post-(\d+)"/.exec(html)?.[1] ?? ''

test('signing up ends at home, logged in; out and in again by the forms', async () => {
  expect(ana.page).toMatchObject({ status: 200, path: '/home' })
  expect(ana.page.html).toContain('Your home is still empty')
  await ana.get('/settings/profile')
  expect((await ana.submit('/log-out')).path).toBe('/')
  expect(ana.cookie).toBeUndefined()
  expect((await ana.get('/home')).status).toBe(401)
  await ana.get('/log-in?next=%2Flocal')
  expect((await ana.submit('/log-in', { handle: 'ana', password: 'not this one' })).status).toBe(401)
  expect(ana.page.html).toContain('The name or the password is wrong.')
  expect((await ana.submit('/log-in', { handle: '@Ana', password: PASSWORD })).path).toBe('/local')
})

test('a wrong sign-up says so beside the field and keeps what was typed', async () => {
  const eve = visitor()
  await eve.get('/sign-up')
  const page = await eve.submit('/sign-up', { handle: 'Admin', display_name: 'Eve & co', password: PASSWORD })
  expect(page.status).toBe(422)
  expect(page.html).toContain('id="handle-wrong">This name is reserved.')
  expect(page.html).toContain('value="Eve &amp; co"')
  expect(page.html).not.toContain(PASSWORD)
})

test('names and posts are text, whatever is in them', async () => {
  await ana.get('/home')
  await ana.submit('/posts', { text: '<img src=x onerror=alert(1)> & "hi"' })
  const page = await visitor().get('/')
  expect(page.html).toContain('&lt;script>alert(&quot;Ana&quot;)&lt;/script>')
  expect(page.html).toContain('&lt;img src=x onerror=alert(1)&gt; &amp; &quot;hi&quot;')
  expect(page.html.match(/<script/g)).toHaveLength(1)
  expect(page.html).not.toContain('<img src=x')
})

test('posting, answering, liking, boosting and deleting work by forms alone', async () => {
  await ana.get('/home')
  await ana.submit('/posts', { text: 'Who wants **soup**?' })
  const id = idIn(ana.page.html)
  await ben.get(`/@ana/${id}`)
  await ben.get(`/posts/${id}/reply`)
  await ben.submit('/posts', { text: 'I do' })
  expect(ben.page.path).toBe(`/@ana/${id}`)
  expect(ben.page.html).toContain('<p>I do</p>')
  await ben.submit(`/posts/${id}/like`)
  expect(ben.page.html).toContain(`action="/posts/${id}/unlike"`)
  await ben.submit(`/posts/${id}/boost`)
  await ana.get('/notifications')
  for (const said of ['wrote to you', 'likes your post', 'boosted your post'])
    expect(ana.page.html).toContain(said)
  expect(ana.page.html).toContain('class="badge">3')
  await ana.submit('/notifications/read')
  expect(ana.page.html).not.toContain('class="badge"')
  await ana.get(`/@ana/${id}`)
  await ana.submit(`/posts/${id}/delete`)
  expect(ana.page.path).toBe('/home')
  const gone = await visitor().get(`/@ana/${id}`)
  expect(gone.status).toBe(410)
  expect(gone.html).toContain('deleted by its author')
  expect((await visitor().get('/@ana/123')).status).toBe(404)
})

test('a post that is refused comes back with its text, and a double sending posts once', async () => {
  await ana.get('/compose')
  const form = ana.page
  const long = 'x'.repeat(5_001)
  const page = await ana.submit('/posts', { text: long, visibility: 'followers' })
  expect(page.status).toBe(422)
  expect(page.html).toContain('this one has 5001')
  expect(page.html).toContain(`${long}</textarea>`)
  expect(page.html).toMatch(
    /<option [^>]*value="followers"[^>]* selected|<option [^>]*selected[^>]*value="followers"/,
  )
  const once = /name="once" value="([^"]+)"/.exec(form.html)?.[1] ?? ''
  const csrf = /name="csrf" value="([^"]+)"/.exec(form.html)?.[1] ?? ''
  await ana.post('/posts', { csrf, once, text: 'Only once' })
  await ana.post('/posts', { csrf, once, text: 'Only once' })
  await ana.get('/@ana')
  expect(ana.page.html.match(/Only once/g)).toHaveLength(1)
})

test('a post is edited by a form that holds what was written, and shows that it was', async () => {
  await ana.get('/home')
  await ana.submit('/posts', { text: 'Soup & bread', visibility: 'followers' })
  const id = idIn(ana.page.html)
  expect(ana.page.html).toContain(`href="/posts/${id}/edit"`)
  const form = await ana.get(`/posts/${id}/edit`)
  expect(form.html).toContain('Soup &amp; bread</textarea>')
  expect(form.html).not.toContain('name="visibility"')
  const empty = await ana.submit(`/posts/${id}/edit`, { text: ' ', summary: 'Kept' })
  expect(empty.status).toBe(422)
  expect(empty.html).toContain('value="Kept"')
  await ana.submit(`/posts/${id}/edit`, { text: 'Stew', summary: 'Food' })
  expect(ana.page.path).toBe(`/@ana/${id}`)
  expect(ana.page.html).toContain('<p>Stew</p>')
  expect(ana.page.html).toContain('Edited <time')
  expect((await ben.get(`/posts/${id}/edit`)).status).toBe(404)
  expect((await ana.post(`/posts/${id}/edit`, { text: 'Forged' })).status).toBe(403)
  expect((await visitor().get(`/posts/${id}/edit`)).status).toBe(401)
})

test('followers-only and local posts are shown to whom they are for', async () => {
  await ana.get('/home')
  await ana.submit('/posts', { text: 'Only for followers', visibility: 'followers' })
  await ana.get('/home')
  await ana.submit('/posts', { text: 'Only for this house', visibility: 'instance' })
  const outside = await visitor().get('/@ana')
  expect(outside.html).not.toContain('Only for')
  expect((await ben.get('/@ana')).html).toContain('Only for this house')
  expect(ben.page.html).not.toContain('Only for followers')
  const id = /action="\/people\/(\d+)\/follow"/.exec(ben.page.html)?.[1]
  await ben.submit(`/people/${id}/follow`)
  expect(ben.page.html).toContain('Only for followers')
  expect(ben.page.html).toContain('Unfollow')
  expect((await visitor().get('/@ana/followers')).html).toContain('@ben')
})

test('forms from elsewhere, without the token, or by nobody are refused', async () => {
  const { csrf } = await home.instance.db.selectFrom('sessions').select('csrf').executeTakeFirstOrThrow()
  expect((await ben.post('/posts', { text: 'no', csrf: 'wrong' })).status).toBe(403)
  expect((await ben.post('/posts', { text: 'no', csrf }, { origin: 'https://evil.example' })).status).toBe(
    403,
  )
  expect((await ben.post('/log-in', { handle: 'a' }, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  const nobody = visitor()
  expect((await nobody.post('/posts', { text: 'no' })).status).toBe(401)
  expect((await nobody.get('/log-in?next=https://evil.example/')).html).toContain('name="next" value="/home"')
})

test('a form of a sibling’s page follows without the token, if it comes from this site', async () => {
  const cleo = await signUp(app, home.instance, 'cleo', 'Cleo')
  const ask = (origin?: string) =>
    app.inject({
      method: 'POST',
      url: '/people/follow',
      headers: {
        cookie: `hamlet_session=${cleo.cookie}`,
        'content-type': 'application/x-www-form-urlencoded',
        ...(origin && { origin }),
      },
      payload: 'handle=%40ana',
    })
  expect((await ask()).statusCode).toBe(403)
  expect((await ask('https://evil.example')).statusCode).toBe(403)
  expect((await ask(home.instance.config.origin)).statusCode).toBe(303)
  expect((await cleo.get('/@ana')).html).toContain('Unfollow')
})

test('a picture is uploaded, shown at its address, and a bad one gets a message', async () => {
  const png = await sharp({ create: { width: 50, height: 50, channels: 3, background: '#a43' } })
    .png()
    .toBuffer()
  await ben.get('/settings/profile')
  await ben.submit('/settings/profile', {
    display_name: 'Ben O',
    bio: 'Bread',
    picture: new Blob([new Uint8Array(png)]),
  })
  expect(ben.page.html).toContain('Saved.')
  const path = /src="(\/media\/\d+\/[0-9a-f]{64})"/.exec(ben.page.html)?.[1] ?? ''
  const picture = await app.inject({ url: path })
  expect(picture.headers).toMatchObject({
    'content-type': 'image/webp',
    'x-content-type-options': 'nosniff',
    'cache-control': 'public, max-age=31536000, immutable',
    'content-security-policy': "sandbox; default-src 'none'",
  })
  const bad = await ben.submit('/settings/profile', { bio: 'Kept', picture: new Blob(['<svg>']) })
  expect(bad.status).toBe(422)
  expect(bad.html).toContain('id="picture-wrong">This file could not be read')
  expect(bad.html).toContain('>Kept</textarea>')
  await ben.get('/settings/profile')
  const big = await ben.submit('/settings/profile', { picture: new Blob([new Uint8Array(9_000_000)]) })
  expect(big.status).toBe(413)
})

test('a file of somebody who is not logged in is not even read', async () => {
  const form = new FormData()
  form.set('picture', new Blob([new Uint8Array(9_000_000)]))
  const sent = new Response(form)
  const answer = await app.inject({
    method: 'POST',
    url: '/settings/profile',
    headers: { 'content-type': sent.headers.get('content-type') ?? '' },
    payload: Buffer.from(await sent.arrayBuffer()),
  })
  expect(answer.statusCode).toBe(401)
})

test('posts of a tag are looked through for members only', async () => {
  expect((await visitor().get('/tags/soup')).status).toBe(401)
  expect((await ben.get('/tags/soup')).status).toBe(200)
})

test('public pages say what they are to browsers and to other servers', async () => {
  const page = await visitor().get('/@ben')
  const origin = home.instance.config.origin
  expect(page.html).toContain(
    `<link rel="alternate" type="application/activity+json" href="${origin}/users/ben"`,
  )
  expect(page.html).toContain('<html lang="en">')
  expect(page.headers['content-security-policy']).toContain("default-src 'none'")
  expect(page.headers['cache-control']).toContain('public')
  expect((await ben.get('/@ben')).headers['cache-control']).toBe('private, no-store')
  const style = /<link rel="stylesheet" href="([^"]+)"/.exec(page.html)?.[1] ?? ''
  const css = await app.inject({ url: style })
  expect(css.headers['cache-control']).toContain('immutable')
  const missing = await visitor().get('/no/such/page')
  expect(missing.status).toBe(404)
  expect(missing.html).toContain('There is nothing at this address.')
  expect((await visitor().get('/@nobody')).status).toBe(404)
})

test('people elsewhere are shown with their whole name, to members only', async () => {
  const zoe = await stranger(home.instance, 'zoe')
  expect((await ben.get('/search?q=zo')).html).toContain('@zoe@other.example')
  expect((await ben.get('/search?q=%40zoe%40other.example')).path).toBe(`/people/${zoe}`)
  await ben.submit(`/people/${zoe}/follow`)
  expect(ben.page.html).toContain('Take back request')
  expect((await visitor().get(`/people/${zoe}`)).status).toBe(401)
})

test('a member invites a friend by a link that says who invited', async () => {
  await ben.get('/invite')
  await ben.submit('/invite', { uses: '1' })
  const link = /value="https:\/\/[^/]+(\/invitation\/[^"]+)"/.exec(ben.page.html)?.[1] ?? ''
  const friend = visitor()
  expect((await friend.get(link)).html).toContain('@ben invited you')
  await friend.submit('/sign-up', { handle: 'dora', password: PASSWORD })
  expect(friend.page.path).toBe('/home')
  const again = await visitor().get(link)
  expect(again.status).toBe(403)
  expect(again.html).toContain('was used up')
})

test('all news are marked as read where the newest are shown, and not on a page of older ones', async () => {
  const { db } = home.instance
  const { id } = await db
    .selectFrom('members')
    .select('id')
    .where('handle', '=', 'ben')
    .executeTakeFirstOrThrow()
  for (let n = 0; n < 32; n++) {
    const account_id = await stranger(home.instance, `fan${n}`)
    await db
      .insertInto('notifications')
      .values({ id: await nextId(db), member_id: id, kind: 'follow', account_id })
      .execute()
  }
  await ben.get('/notifications')
  expect(ben.page.html).toContain('Mark all as read')
  const older = /href="(\/notifications\?before=\d+)"/.exec(ben.page.html)?.[1] ?? ''
  expect((await ben.get(older)).html).toContain('fan1')
  expect(ben.page.html).not.toContain('Mark all as read')
  await ben.get('/notifications')
  expect((await ben.submit('/notifications/read')).html).not.toContain('class="badge"')
})
