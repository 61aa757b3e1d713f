// Members who have to move and people who come, on the directory itself: the last seats are for those who live there.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { makeCommunity, runAt, type TestCommunity } from '../../../test/postgres/databases.ts'
import { isRefusal } from '../../refusal.ts'
import { type DirectoryDatabase, type DirectoryTables, openDatabase } from '../../store/database.ts'
import { changeDirectory } from '../change.ts'
import { beginMove } from '../moves/begin.ts'
import { seatTheWaiting } from './queue.ts'
import { reserveSeat } from './seats.ts'

let community: TestCommunity
let operator: DirectoryDatabase
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 2, cap: 4 })
  operator = openDatabase<DirectoryTables>(community.adminUrls.directory, { name: 'operator' })
})
afterAll(async () => {
  await operator?.destroy()
  await community?.close()
})

const sql = (text: string) => runAt(community.adminUrls.directory, text)

/** Four live where three are to, and two seats are free elsewhere. */
beforeEach(async () => {
  await sql('DELETE FROM moves; DELETE FROM waiting; DELETE FROM members; UPDATE instances SET cap = 4')
  await sql(`INSERT INTO members (id, handle, home, state) VALUES
    (1, 'ana', 1, 'active'), (2, 'ben', 1, 'active'), (3, 'cem', 1, 'active'), (4, 'dee', 1, 'active'), (5, 'eva', 2, 'active')`)
  await sql('UPDATE instances SET cap = 3; UPDATE settings SET per_instance = 3, keep_seats = true')
})

const join = async (handle: string) => {
  const result = await changeDirectory(community.directory, (tx) =>
    reserveSeat(tx, {
      handle,
      tokenHash: randomBytes(32),
      passwordHash: 'x',
      displayName: handle,
      follows: [],
    }),
  )
  return isRefusal(result) ? result.code : 'seat' in result ? result.seat.home : 'waits'
}
const move = async (memberId: string) => {
  const result = await changeDirectory(operator, (tx) => beginMove(tx, { memberId, target: 2 }))
  return isRefusal(result) ? result.code : 'begun'
}
const seated = async () => {
  const result = await changeDirectory(community.directory, (tx) => seatTheWaiting(tx, 9))
  return isRefusal(result) ? result.code : result.length
}

test('whoever comes takes what those who have to move do not need, and waits for the rest', async () => {
  expect([await join('fay'), await join('gil')]).toEqual([2, 'waits'])
  expect(await seated()).toBe(0)
  expect(await move('4')).toBe('begun')
  expect(await seated()).toBe(0)
  // There is another instance, say.
  await sql('UPDATE instances SET cap = 4 WHERE ordinal = 2; UPDATE settings SET per_instance = 4')
  expect(await seated()).toBe(1)
})

test('a move that is under way needs no second seat', async () => {
  expect(await move('4')).toBe('begun')
  expect([await join('fay'), await join('gil')]).toEqual([2, 'waits'])
  await sql("UPDATE moves SET step = 'undoing'")
  await sql("UPDATE moves SET step = 'undone'")
  expect([await seated(), await move('4')]).toEqual([0, 'begun'])
})

test('where nobody is moved no seat is kept', async () => {
  await sql('UPDATE settings SET keep_seats = false')
  expect([await join('fay'), await join('gil'), await move('4')]).toEqual([2, 2, 'target-full'])
})

test('all who live in one that is emptied have seats kept', async () => {
  await sql("UPDATE instances SET state = 'Draining', drained_for = 'Asked' WHERE ordinal = 2")
  await sql("UPDATE members SET state = 'deleted', seated = false WHERE id IN (3, 4)")
  expect(await join('fay')).toBe('waits')
  await sql("UPDATE members SET state = 'deleted', seated = false WHERE id = 2")
  expect([await join('gil'), await seated()]).toEqual(['waits', 1])
})
