import { expect, test } from 'vitest'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { PASSWORD } from '../../test/postgres/people.ts'
import { makeVisitor, signUp } from '../../test/visitor/in-process.ts'
import { buildPublicApp } from '../server.ts'

const { at } = neighbourhood({ homes: 1 })

test('names, numbers and texts that cannot be are nobody’s, and never said to be our fault', async () => {
  const app = await buildPublicApp(at(1))
  const ana = await signUp(app, at(1), 'ana')
  const eve = makeVisitor(app, at(1))
  const large = '9999999999999999999'
  const status = async (path: string, cookie?: string, more?: Record<string, string>) =>
    (await app.inject({ url: path, headers: { accept: 'text/html', ...(cookie && { cookie }), ...more } }))
      .statusCode
  for (const path of ['/@a%00b', `/media/${large}/${'a'.repeat(64)}`, `/@ana/${large}`, '/@a%00b/1'])
    expect([path, await status(path)]).toEqual([path, 404])
  for (const path of ['/users/a%00b', '/users/ana/posts/1%00', '/users/%C5%81%0A'])
    expect([path, await status(path)]).toEqual([path, 302])
  const document = { accept: 'application/activity+json' }
  for (const path of [
    '/users/a%00b',
    '/users/ana/posts/1%00',
    `/users/ana/posts/${large}`,
    '/users/ana/activities/%00',
  ])
    expect([path, await status(path, undefined, document)]).toEqual([path, 404])
  expect(await status(`/users/ana/outbox?page=true&max_id=${large}`, undefined, document)).toBe(200)
  expect(await status(`/.well-known/webfinger?resource=acct:a%00b@${at(1).config.domain}`)).toBe(404)
  const forged = `hamlet_session=${large}.${'A'.repeat(43)}`
  expect(await status('/@ana', forged)).toBe(200)
  expect(await status('/notifications', forged)).toBe(401)
  expect((await eve.post('/log-in', { handle: 'a\0b', password: PASSWORD })).status).toBe(401)
  await ana.get('/home')
  expect((await ana.submit('/posts', { text: 'soup\0 and bread' })).status).toBe(200)
  expect(ana.page.html).toContain('soup\uFFFD and bread')
  expect((await ana.get('/search?q=a%00b')).status).toBe(200)
  await app.close()
})
