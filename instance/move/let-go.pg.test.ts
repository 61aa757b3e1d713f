// Somebody is let go of between the door and the answer to a question about them.
import { expect, test } from 'vitest'
import { live } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import type { TestMember } from '../../test/postgres/people.ts'
import { createSession } from '../accounts/session.ts'
import { buildPublicApp } from '../server.ts'

const homes = neighbourhood({ homes: 2, people: ['ana', 'ben', 'cem', 'dee'] })
const { at, person } = homes

const pictureOf = async ({ id }: TestMember) => {
  const { sha256 } = await at(1)
    .db.selectFrom('media')
    .select('sha256')
    .where('member_id', '=', id)
    .executeTakeFirstOrThrow()
  return { url: `/media/${id}/${sha256}`, cookie: '' }
}
const postOf = async ({ id }: TestMember, handle: string) => {
  const post = await at(1)
    .db.selectFrom('posts')
    .select('id')
    .where('account_id', '=', id)
    .where('visibility', '=', 'public')
    .executeTakeFirstOrThrow()
  return { url: `/@${handle}/${post.id}`, cookie: '' }
}
const sessionOf = async ({ id }: TestMember, url: string) => {
  const value = await at(1)
    .db.transaction()
    .execute((tx) => createSession(tx, { memberId: id, now: new Date() }))
  return { url, cookie: `hamlet_session=${value}` }
}

test.each([
  ['ana', 'a picture', pictureOf],
  ['ben', 'the page of a post', postOf],
  ['cem', 'their timeline', (one: TestMember) => sessionOf(one, '/home')],
  ['dee', 'a post that they would see nowhere', (one: TestMember) => sessionOf(one, '/@dee/1')],
] as const)('%s: %s', async (handle, _what, ask) => {
  const member = person(handle)
  await live(at(1), member, handle)
  const { url, cookie } = await ask(member, handle)
  let leave = async () => {}
  const app = await buildPublicApp(at(1))
  // After the door has let it in.
  app.addHook('preHandler', () => leave())
  const headers = { host: at(1).config.domain, cookie }
  const before = await app.inject({ url, headers })
  expect(before.statusCode).toBe(url.endsWith('/1') ? 404 : 200)
  leave = async () => {
    leave = async () => {}
    expect(await homes.mover.move(member.id, 2)).toEqual({ is: 'done' })
  }
  const during = await app.inject({ url, headers })
  expect([during.statusCode, during.headers['retry-after'], during.headers['set-cookie']]).toEqual([
    503,
    '1',
    undefined,
  ])
  const handedOver = { ...headers, 'x-hamlet-forwarded': `id=${member.id}`, 'x-hamlet-key': 'key' }
  expect((await app.inject({ url, headers: handedOver })).statusCode).toBe(421)
  await app.close()
})
