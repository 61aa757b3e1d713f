// A follow that was taken back, and comes once more.
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { must } from '../../../../../test/postgres/lives.ts'
import { neighbourhood } from '../../../../../test/postgres/neighbourhood.ts'
import { stranger } from '../../../../../test/postgres/people.ts'
import { follow, unfollow } from '../../../../members/follow.ts'
import { followActivity } from '../../../documents/activities.ts'
import { resolveAccount } from '../../../resolve/account.ts'

const homes = neighbourhood({ homes: 2, domain: 'garden.example', people: ['ana', 'ben'] })
const { at, person, round } = homes
const ANA = 'https://garden.example/users/ana'
const BEN = 'https://garden.example/users/ben'
const BOB = 'https://other.example/users/bob'

type Activity = {
  readonly id: string
  readonly type: string
  readonly actor: string
  readonly object: unknown
}

async function comes(activity: Activity, from: { from_sibling: number } | undefined) {
  const row = { activity_uri: activity.id, actor_uri: activity.actor, body: JSON.stringify(activity) }
  await at(1)
    .db.insertInto('intake')
    .values({ ...row, ...from })
    .execute()
  expect(await round(1)).toBe(1)
}
const follows = async () =>
  (
    await at(1)
      .db.selectFrom('follows')
      .innerJoin('accounts', 'accounts.id', 'follower_id')
      .select('accounts.uri')
      .where('followee_id', '=', person('ana').id)
      .execute()
  ).map(({ uri }) => uri)
/** As if all that was taken back so far had been so two hours ago. */
const later = () =>
  at(1).db.updateTable('tombstones').set({ created_at: sql`created_at - interval '2 hours'` }).execute()

test('a sibling’s member who unfollowed does not follow again by what is handed over late, whenever that is', async () => {
  const [ana, ben] = [person('ana'), person('ben')]
  expect(await homes.mover.move(ben.id, 2)).toEqual({ is: 'done' })
  const there = { ...ben, epoch: 2 }
  must(await resolveAccount(at(2), '@ana'))
  must(await follow(at(2), there, ana.id))
  const { activity_uri } = await at(2)
    .db.selectFrom('follows')
    .select('activity_uri')
    .where('follower_id', '=', ben.id)
    .executeTakeFirstOrThrow()
  for (const n of [2, 1, 2]) await round(n)
  expect(await follows()).toEqual([BEN])
  must(await unfollow(at(2), there, ana.id))
  for (const n of [2, 1]) await round(n)
  expect(await follows()).toEqual([])

  const late = followActivity({ id: activity_uri ?? '', actor: BEN, object: ANA }) as Activity
  await comes(late, { from_sibling: 2 })
  await later()
  await comes(late, { from_sibling: 2 })
  expect(await follows()).toEqual([])
  // What he does anew counts.
  must(await follow(at(2), there, ana.id))
  for (const n of [2, 1]) await round(n)
  expect(await follows()).toEqual([BEN])
  must(await unfollow(at(2), there, ana.id))
  for (const n of [2, 1]) await round(n)
})

test('a stranger may follow again under the id of a follow that was taken back more than an hour ago', async () => {
  await stranger(at(1), 'bob')
  const asks = { id: `${BOB}/follows/ana`, type: 'Follow', actor: BOB, object: ANA }
  await comes(asks, undefined)
  await comes({ id: `${BOB}/undo`, type: 'Undo', actor: BOB, object: asks }, undefined)
  await comes(asks, undefined)
  expect(await follows()).toEqual([])
  await later()
  await comes(asks, undefined)
  expect(await follows()).toEqual([BOB])
})
