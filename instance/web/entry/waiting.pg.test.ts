import type { FastifyInstance } from 'fastify'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import {
  homeOf,
  makeInstance,
  makeTestSiblings,
  type TestInstance,
} from '../../../test/postgres/instances.ts'
import { PASSWORD } from '../../../test/postgres/people.ts'
import { makeVisitor, type Visitor } from '../../../test/visitor/in-process.ts'
import { completeBatch } from '../../accounts/sign-up/queue-worker.ts'
import { buildPublicApp } from '../../server.ts'

let community: TestCommunity
let admin: pg.Client
let first: TestInstance
let second: TestInstance
let app: FastifyInstance
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 2, cap: 1 })
  admin = new pg.Client({ connectionString: community.adminUrls.directory })
  await admin.connect()
  await admin.query("UPDATE instances SET state = 'Opening' WHERE ordinal = 2")
  const network = makeTestSiblings()
  first = await makeInstance(homeOf(community, 1), 1, network)
  second = await makeInstance(homeOf(community, 2), 2, network)
  app = await buildPublicApp(first.instance)
  await app.ready()
})
afterAll(async () => {
  await app.close()
  await first.close()
  await second.close()
  await admin.end()
  await community.close()
})

const visitor = () => makeVisitor(app, first.instance)

async function signUp(handle: string): Promise<Visitor> {
  const person = visitor()
  await person.get('/sign-up')
  await person.submit('/sign-up', { handle, password: PASSWORD })
  return person
}

test('the link of somebody who waits shows the place to anybody, and opens a session only in their browser', async () => {
  await signUp('ana')
  const ben = await signUp('ben')
  const link = ben.page.path
  expect(link).toMatch(/^\/sign-up\/wait\/[\w-]{43}$/)
  expect(ben.page.html).toContain('lets you in by itself')
  const token = link.split('/').at(-1) ?? ''

  const eve = visitor()
  expect((await eve.get(link)).html).toMatch(/class="place">1</)
  expect(eve.page.html).not.toContain('by itself')
  // What the link holds is not what a sign-up goes on with: nobody takes over the place by sending the form again.
  await eve.post('/sign-up', { handle: 'ben', password: 'another password', token })
  expect(eve.page.status).toBe(409)

  await admin.query("UPDATE instances SET state = 'Active' WHERE ordinal = 2")
  await admin.query('UPDATE meta SET revision = revision + 1')
  await Promise.all([first, second].map(({ instance }) => instance.homes.refresh()))
  expect(await completeBatch(first.instance)).toBe(1)

  await eve.get(link)
  expect(eve.page.path).toBe('/log-in?done=seat')
  expect(eve.page.html).toContain('Log in with your password')
  expect(eve.cookie).toBeUndefined()

  await ben.get(link)
  expect(ben.cookie).toMatch(/^\d+\.[\w-]{43}$/)

  // Used: from now on this browser, too, is asked for the password.
  ben.cookies.forget('hamlet_session')
  await ben.get(link)
  expect(ben.page.path).toBe('/log-in?done=seat')
  expect(ben.cookie).toBeUndefined()
})

test('the cookie is out of reach of scripts and other sites, and is sent to the one page that waits', async () => {
  const page = await visitor().get('/sign-up')
  const token = /name="token" value="([^"]+)"/.exec(page.html)?.[1] ?? ''
  const answer = await app.inject({
    method: 'POST',
    url: '/sign-up',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ handle: 'cleo', password: PASSWORD, token }).toString(),
  })
  expect(answer.statusCode).toBe(303)
  const to = String(answer.headers.location)
  expect(to).not.toContain(token)
  expect(answer.cookies).toEqual([
    expect.objectContaining({
      name: 'hamlet_waiting',
      value: token,
      path: to,
      httpOnly: true,
      secure: true,
      sameSite: 'Lax',
    }),
  ])
})

test('a link that stands for nothing is not found', async () => {
  expect((await visitor().get('/sign-up/wait/x')).status).toBe(404)
  expect((await visitor().get(`/sign-up/wait/${'x'.repeat(43)}`)).status).toBe(404)
})
