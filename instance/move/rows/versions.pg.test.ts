import { sql } from 'kysely'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import { homeOf } from '../../../test/postgres/instances.ts'
import { notSeenBy } from './versions.ts'

let community: TestCommunity
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 1 })
})
afterAll(() => community.close())

test.each([
  ['999', '1000:1010:1003', false],
  ['1002', '1000:1010:1003', false],
  ['1003', '1000:1010:1003', true],
  ['1009', '1000:1010:1003', false],
  ['1010', '1000:1010:1003', true],
  // Only the lower half of a number is in a row: 4294968300 is 1004 in the second round.
  ['1003', '4294968296:4294968306:', false],
  ['1004', '4294968296:4294968300:', true],
  ['4294967290', '4294968296:4294968300:', false],
  ['3', '4294967290:4294967295:', true],
])('a row of %s, for a snapshot %s: %s', async (xmin, snapshot, expected) => {
  const { rows } = await sql<{ is: boolean }>`
    SELECT ${notSeenBy(snapshot, sql`${xmin}::xid`)} AS is`.execute(homeOf(community, 1).db)
  expect(rows).toEqual([{ is: expected }])
})
