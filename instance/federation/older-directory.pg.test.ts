import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../../test/postgres/instances.ts'
import { apply } from './in/apply/apply.ts'
import { receive } from './in/receive.ts'
import { handOver } from './spool/sender.ts'

let community: TestCommunity
let admin: pg.Client
let home: TestInstance
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'))
  admin = new pg.Client({ connectionString: community.adminUrls.directory })
  await admin.connect()
  home = await makeInstance(homeOf(community, 1), 1)
  await admin.query('UPDATE meta SET revision = revision + 1')
  await home.instance.homes.refresh()
})
afterAll(async () => {
  await home.close()
  await admin.end()
  await community.close()
})

test('while the directory is an older copy nothing is thrown away, applied or taken; then it goes on', async () => {
  const { instance } = home
  const body = { id: 'https://far.example/1', type: 'Like', actor: 'https://far.example/bob', object: 'x' }
  const row = { activity_uri: body.id, actor_uri: body.actor, recipient: null, body: JSON.stringify(body) }
  const LOST = 9
  await instance.db
    .insertInto('spool')
    .values({ ordinal: LOST, ...row })
    .execute()
  const spooled = async () => (await instance.db.selectFrom('spool').select('seq').execute()).length
  const doAll = async () => ({
    handedOver: await handOver(instance, LOST, AbortSignal.timeout(10_000)),
    left: await spooled(),
    applied: (await apply(instance, { id: '1', ...row, body, from_sibling: null })).is,
    answered: (await receive(instance, { url: '/inbox', headers: {}, body: Buffer.from('{}') })).status,
  })
  await admin.query('UPDATE meta SET revision = revision - 1')
  await instance.homes.refresh()
  expect(instance.homes.regressed).toBe(true)
  expect(await doAll()).toEqual({ handedOver: 'failed', left: 1, applied: 'later', answered: 503 })
  await admin.query('UPDATE meta SET incarnation = incarnation + 1')
  await instance.homes.refresh()
  expect(await doAll()).toEqual({ handedOver: 'none', left: 0, applied: 'done', answered: 400 })
})
