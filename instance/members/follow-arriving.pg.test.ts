// Somebody is followed in the very moment in which they arrive at their follower's home.
import pg from 'pg'
import { expect, test } from 'vitest'
import { must } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { resolveAccount } from '../federation/resolve/account.ts'
import { follow } from './follow.ts'

const homes = neighbourhood({ homes: 2, people: ['ana', 'ben'] })
const { at, person } = homes

test('a follow begun before memory knew that they live here now is answered all the same', async () => {
  const [ana, ben] = [person('ana'), person('ben')]
  expect(await homes.mover.move(ben.id, 2)).toEqual({ is: 'done' })
  await at(1).homes.refresh()
  must(await resolveAccount(at(1), '@ben'))
  const move = must(await homes.mover.begin(ben.id, 1))
  await homes.mover.driveTo(move.id, 'switched')
  // Ana waits for her lock, having read that Ben lives at 2.
  const other = new pg.Client({ connectionString: homes.community.adminUrls.homes.get(1) })
  await other.connect()
  await other.query('SELECT pg_advisory_lock($1)', [ana.id])
  const following = follow(at(1), { ...ana, epoch: 1 }, ben.id)
  await expect
    .poll(async () => {
      const { rows } = await other.query(
        `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      )
      return rows.length
    })
    .toBe(1)
  expect(await homes.mover.drive(move.id)).toEqual({ is: 'done' })
  await other.end()
  must(await following)
  await homes.rounds([1, 2])
  const edges = await at(1)
    .db.selectFrom('follows')
    .select('state')
    .where('follower_id', '=', ana.id)
    .execute()
  expect(edges).toEqual([{ state: 'accepted' }])
  const told = await at(1)
    .db.selectFrom('notifications')
    .select('kind')
    .where('member_id', '=', ben.id)
    .where('account_id', '=', ana.id)
    .execute()
  expect(told).toEqual([{ kind: 'follow' }])
})
