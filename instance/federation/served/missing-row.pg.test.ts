import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { makeCommunity } from '../../../test/postgres/databases.ts'
import { homeOf, makeInstance } from '../../../test/postgres/instances.ts'
import { buildPublicApp } from '../../server.ts'

test('somebody whom the directory places here, and whom this home has lost, is neither gone nor empty', async () => {
  const community = await makeCommunity(inject('postgresPort'))
  const home = await makeInstance(homeOf(community, 1), 1)
  const app = await buildPublicApp(home.instance)
  const admin = new pg.Client({ connectionString: community.adminUrls.directory })
  await admin.connect()
  try {
    await admin.query("INSERT INTO members (id, handle, home, state) VALUES (7, 'dora', 1, 'active')")
    await admin.query('UPDATE meta SET revision = revision + 1')
    await home.instance.homes.refresh()
    for (const path of ['', '/posts/1', '/posts/1/activity', '/activities/1', '/outbox', '/followers']) {
      const answer = await app.inject({
        url: `/users/dora${path}`,
        headers: { accept: 'application/activity+json', host: home.instance.config.domain },
      })
      expect([path, answer.statusCode]).toEqual([path, 503])
    }
    for (const [url, cookie] of [
      [`/media/7/${'0'.repeat(64)}`, ''],
      ['/@dora', ''],
      ['/@dora/1', ''],
      ['/@dora/followers', ''],
      ['/home', 'hamlet_session=7.secret'],
      ['/posts/1', 'hamlet_session=7.secret'],
    ] as const) {
      const answer = await app.inject({ url, headers: { cookie, host: home.instance.config.domain } })
      expect
        .soft([
          url,
          answer.statusCode,
          answer.headers['retry-after'] !== undefined,
          answer.headers['set-cookie'],
        ])
        .toEqual([url, 503, true, undefined])
    }
  } finally {
    await admin.end()
    await app.close()
    await home.close()
    await community.close()
  }
})
