import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../../../test/postgres/instances.ts'
import { PASSWORD } from '../../../test/postgres/people.ts'
import { makeVisitor, signUp, type Visitor } from '../../../test/visitor/in-process.ts'
import { buildPublicApp } from '../../server.ts'

let community: TestCommunity
let home: TestInstance
let app: FastifyInstance
let ana: Visitor
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'))
  home = await makeInstance(homeOf(community, 1), 1)
  app = await buildPublicApp(home.instance)
  await app.ready()
  ana = await signUp(app, home.instance, 'ana')
})
afterAll(async () => {
  await app.close()
  await home.close()
  await community.close()
})

const settings = async (action: string, fields: Record<string, string>) => {
  await ana.get('/settings/profile')
  return ana.submit(action, fields)
}
/** Repairs the directory whatever the test does. */
async function withOlderDirectory(fn: () => Promise<void>): Promise<void> {
  const shift = (by: 1 | -1) =>
    community.directory
      .updateTable('meta')
      .set((eb) => ({ revision: eb('revision', '+', String(by)) }))
      .execute()
  await home.instance.homes.refresh()
  await shift(-1)
  await home.instance.homes.refresh()
  await fn().finally(() => shift(1))
  await home.instance.homes.refresh()
}

test('what is wrong with a password stands beside the field that it is about, and all else above the form', async () => {
  const change = (current: string, password: string) => settings('/settings/password', { current, password })
  const wrong = /<p class="wrong" id="([a-z]+)-wrong">([^<]*)/g
  const beside = () => [...ana.page.html.matchAll(wrong)].map(([, field, text]) => [field, text])
  expect((await change('not this one', 'a new long password')).status).toBe(403)
  expect(beside()).toEqual([['current', 'The current password is wrong.']])
  expect((await change(PASSWORD, 'short')).status).toBe(422)
  expect(beside()).toEqual([['password', 'A password has at least 10 characters.']])
  const page = await ana.post('/settings/password', {
    csrf: 'old',
    current: PASSWORD,
    password: 'x'.repeat(20),
  })
  expect(page.status).toBe(403)
  expect(beside()).toEqual([])
  expect(page.html).toContain('role="alert">This page was open for too long.')
})

test('a link to a new password for nobody says whose name is wrong, and keeps what was typed', async () => {
  const { db } = home.instance
  await db.updateTable('members').set({ role: 'organiser' }).where('handle', '=', 'ana').execute()
  const page = await settings('/settings/reset-link', { handle: '@Nobody ' })
  expect(page.status).toBe(422)
  expect(page.html).toContain(
    'id="handle-wrong">Nobody called @nobody lives in this community. Check the name.',
  )
  expect(page.html).toContain('value="@Nobody "')
  await withOlderDirectory(async () => {
    const later = await settings('/settings/reset-link', { handle: 'ana' })
    expect(later.status).toBe(503)
    expect(later.headers['retry-after']).toBeDefined()
    expect(later.html).toContain('role="alert">This part of the community cannot be reached right now.')
    expect(later.html).toContain('value="ana"')
  })
})

test('a page that asks to come again says when', async () => {
  const path =
    /\/reset\/[\w-]+/.exec((await settings('/settings/reset-link', { handle: 'ana' })).html)?.[0] ?? ''
  const ben = makeVisitor(app, home.instance)
  await withOlderDirectory(async () => {
    await ana.get('/invite')
    expect((await ana.submit('/invite')).status).toBe(503)
    expect(ana.page.headers['retry-after']).toBe('60')
    await ben.get(path)
    const page = await ben.submit(path, { password: 'a new long password' })
    expect(page.status).toBe(503)
    expect(page.headers['retry-after']).toBeDefined()
    expect(page.html).toContain('role="alert">This part of the community cannot be reached right now.')
  })
  // Nothing was done by halves.
  await ben.get('/log-in')
  expect((await ben.submit('/log-in', { handle: 'ana', password: PASSWORD })).path).toBe('/home')
  await ben.get(path)
  expect((await ben.submit(path, { password: 'short' })).html).toContain('id="password-wrong">A password has')
})
