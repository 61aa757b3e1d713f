import { expect, inject, test } from 'vitest'
import { makeCommunity } from '../../test/postgres/databases.ts'
import { homeOf, makeInstance } from '../../test/postgres/instances.ts'
import { PASSWORD } from '../../test/postgres/people.ts'
import { makeVisitor } from '../../test/visitor/in-process.ts'
import { buildPublicApp } from '../server.ts'

test('whoever is not here, though they live here, is not told that they are logged out', async () => {
  const community = await makeCommunity(inject('postgresPort'), { homes: 2 })
  const home = await makeInstance(homeOf(community, 1), 1)
  const app = await buildPublicApp(home.instance)
  await app.ready()
  const ana = makeVisitor(app, home.instance)
  await ana.get('/sign-up')
  await ana.submit('/sign-up', { handle: 'ana', password: PASSWORD })
  await ana.get('/settings/profile')
  const cookie = ana.cookie
  // As after a restore, until they are brought back with all their sessions.
  const become = (state: string) => home.instance.db.updateTable('members').set({ state }).execute()
  await become('leaving')
  const page = await ana.submit('/log-out')
  expect([page.status, page.headers['retry-after'], ana.cookie]).toEqual([503, '1', cookie])
  await become('active')
  await ana.get('/settings/profile')
  expect((await ana.submit('/log-out')).path).toBe('/')
  expect(await home.instance.db.selectFrom('sessions').select('member_id').execute()).toEqual([])
  // There is nothing to be ended any more.
  expect((await ana.post('/log-out', {}, { cookie: `hamlet_session=${cookie}` })).path).toBe('/')
  await app.close()
  await home.close()
  await community.close()
})
