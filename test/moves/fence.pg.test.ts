// The fence of writes against a freeze, step by step and without chance.
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { asMember } from '../../instance/store/as-member.ts'
import { ofHome } from '../../instance/store/kv.ts'
import { makeCommunity, type TestCommunity } from '../postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../postgres/instances.ts'
import { join } from '../postgres/people.ts'

let community: TestCommunity
let home: TestInstance
let mover: pg.Client
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'))
  home = await makeInstance(homeOf(community, 1), 1)
  mover = new pg.Client({ connectionString: community.adminUrls.homes.get(1) })
  await mover.connect()
})
afterAll(async () => {
  await mover.end()
  await home.close()
  await community.close()
})

test('whoever waited for a freeze sees that there was one, and writes nothing', async () => {
  const ana = await join(home.instance, 'ana')
  await mover.query('BEGIN')
  await mover.query('SELECT pg_advisory_xact_lock($1)', [ana.id])
  await mover.query(`UPDATE members SET state = 'frozen' WHERE id = $1`, [ana.id])
  let ended = false
  const writing = asMember(home.instance, ana, async (tx) => {
    await tx
      .insertInto('kv')
      .values({ key: ofHome('key', 'late'), value: '1', expires_at: new Date() })
      .execute()
    return true
  }).finally(() => {
    ended = true
  })
  // It waits for the lock, or has done without.
  await expect
    .poll(async () => {
      const { rows } = await mover.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)
      return rows.length > 0 || ended
    })
    .toBe(true)
  await mover.query('COMMIT')
  expect(await writing).toMatchObject({ code: 'frozen' })
  expect(
    await home.instance.db.selectFrom('kv').select('key').where('key', '=', ofHome('key', 'late')).execute(),
  ).toEqual([])
})
