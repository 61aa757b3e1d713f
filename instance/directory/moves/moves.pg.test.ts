import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import { must } from '../../../test/postgres/lives.ts'
import { isRefusal } from '../../refusal.ts'
import { type DirectoryDatabase, type DirectoryTables, openDatabase } from '../../store/database.ts'
import { changeDirectory } from '../change.ts'
import { beginMove } from './begin.ts'
import { type Move, STEPS } from './move.ts'
import { hasLeft, openMoves, readMove } from './read.ts'
import { advance, giveUp, switchHome, takeUp } from './steps.ts'

let community: TestCommunity
let directory: DirectoryDatabase
let admin: pg.Client
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 5, cap: 2 })
  directory = openDatabase<DirectoryTables>(community.adminUrls.directory, { name: 'operator' })
  admin = new pg.Client({ connectionString: community.adminUrls.directory })
  await admin.connect()
})
afterAll(async () => {
  await admin.end()
  await directory.destroy()
  await community.close()
})
beforeEach(async () => {
  await admin.query('DELETE FROM moves; DELETE FROM members')
  await admin.query(`UPDATE instances SET state = 'Active', cap = 2`)
  await admin.query(`INSERT INTO members (id, handle, home, state) VALUES
    (1, 'ana', 1, 'active'), (2, 'ben', 1, 'active'), (3, 'cem', 2, 'active'), (4, 'dee', 2, 'pending'), (5, 'eva', 3, 'active')`)
})

const change: typeof changeDirectory = (db, fn) => changeDirectory(db, fn)
const begin = (memberId: string, target: number) =>
  change(directory, (tx) => beginMove(tx, { memberId, target }))
const code = async (result: Promise<unknown>) => {
  const found = await result
  return isRefusal(found) ? found.code : 'allowed'
}
const taken = async () => {
  const rows = await directory.selectFrom('instances').select('taken').orderBy('ordinal').execute()
  return rows.map((row) => row.taken)
}
const walk = async (move: Move, to: (typeof STEPS)[number]): Promise<Move> => {
  let now = must(await change(directory, (tx) => takeUp(tx, move.id)))
  for (const step of STEPS.slice(STEPS.indexOf('subscribed'), STEPS.indexOf(to) + 1)) {
    const next = (tx: Parameters<typeof advance>[0]) =>
      step === 'switched' ? switchHome(tx, now) : advance(tx, now, step)
    now = must(await change(directory, next))
  }
  return now
}

describe('what is refused, as data', () => {
  test.each<[string, string, number, string?]>([
    ['member-unknown', '99', 2],
    ['member-pending', '4', 1],
    ['target-is-home', '1', 1],
    ['target-unknown', '1', 9],
    ['target-full', '1', 2],
    ['target-opening', '1', 4, `UPDATE instances SET state = 'Opening' WHERE ordinal = 4`],
    ['target-closing', '1', 4, `UPDATE instances SET state = 'Draining' WHERE ordinal = 4`],
    ['target-closing', '1', 4, `UPDATE instances SET state = 'Retired' WHERE ordinal = 4`],
    ['member-deleted', '1', 4, `UPDATE members SET state = 'deleted', seated = false WHERE id = 1`],
  ])('%s', async (wanted, member, target, first) => {
    if (first) await admin.query(first)
    expect(await code(begin(member, target))).toBe(wanted)
    expect(await openMoves(directory)).toEqual([])
  })

  test('already-moving', async () => {
    must(await begin('1', 4))
    expect(await code(begin('1', 3))).toBe('already-moving')
    expect(await code(begin('1', 4))).toBe('already-moving')
  })

  test('a seat beyond the cap, by the tables themselves', async () => {
    await expect(
      admin.query('INSERT INTO moves (id, member_id, source, target, epoch) VALUES (7, 1, 1, 2, 1)'),
    ).rejects.toThrow('instance 2 is full')
  })
})

describe('seats', () => {
  test('one at the target from the beginning, one at the source until it let go; the switch changes none', async () => {
    const move = must(await begin('1', 3))
    expect(await taken()).toEqual([2, 2, 2, 0, 0])
    const verified = await walk(move, 'verified')
    // Full, and more than full: whoever is inside may still go, and the one who comes had the seat before.
    await admin.query('UPDATE instances SET cap = 1')
    const switched = must(await change(directory, (tx) => switchHome(tx, verified)))
    expect(await taken()).toEqual([2, 2, 2, 0, 0])
    expect(
      await directory.selectFrom('members').select(['home', 'epoch']).where('id', '=', '1').execute(),
    ).toEqual([{ home: 3, epoch: 2 }])
    const activated = must(await change(directory, (tx) => advance(tx, switched, 'activated')))
    expect(await taken()).toEqual([2, 2, 2, 0, 0])
    must(await change(directory, (tx) => advance(tx, activated, 'done')))
    expect(await taken()).toEqual([1, 2, 2, 0, 0])
  })

  test('given back when it is undone, and not before', async () => {
    const move = must(await begin('1', 3))
    const undoing = must(await change(directory, (tx) => giveUp(tx, move, 'wanted')))
    expect(await taken()).toEqual([2, 2, 2, 0, 0])
    must(await change(directory, (tx) => advance(tx, undoing, 'undone')))
    expect(await taken()).toEqual([2, 2, 1, 0, 0])
    must(await begin('1', 4))
  })

  test('a step that would lose a seat is refused by the tables', async () => {
    const move = must(await begin('1', 3))
    await expect(admin.query(`UPDATE moves SET step = 'switched' WHERE id = ${move.id}`)).rejects.toThrow(
      'a move cannot go from reserved to switched',
    )
  })

  test('many at once get no more than there are', async () => {
    await admin.query(`INSERT INTO members (id, handle, home, state) VALUES (6, 'fay', 3, 'active')`)
    const results = await Promise.all(['1', '2', '3', '5', '6'].map((id) => code(begin(id, 4))))
    expect(results.toSorted()).toEqual(['allowed', 'allowed', 'target-full', 'target-full', 'target-full'])
  })
})

describe('moves of an hour', () => {
  const perHour = 3
  const limited = (memberId: string) =>
    code(change(directory, (tx) => beginMove(tx, { memberId, target: 4, perHour })))
  beforeEach(() =>
    admin.query(`UPDATE instances SET cap = 9;
      INSERT INTO members (id, handle, home, state) VALUES (6, 'fay', 3, 'active'), (7, 'gil', 3, 'active')`),
  )

  test('two who lead at once begin together no more than one may', async () => {
    must(await begin('7', 4))
    // Both decided when one had been begun: each would have begun two.
    const results = await Promise.all(['1', '2', '3', '5'].map(limited))
    expect(results.toSorted()).toEqual(['allowed', 'allowed', 'moves-per-hour', 'moves-per-hour'])
    expect(await openMoves(directory)).toHaveLength(perHour)
  })

  test('those that were undone count, older ones do not', async () => {
    for (const memberId of ['1', '2', '3']) {
      const move = must(await begin(memberId, 4))
      const undoing = must(await change(directory, (tx) => giveUp(tx, move, 'wanted')))
      must(await change(directory, (tx) => advance(tx, undoing, 'undone')))
    }
    expect(await limited('5')).toBe('moves-per-hour')
    await admin.query(`UPDATE moves SET created_at = now() - interval '61 minutes' WHERE member_id = 2`)
    expect([await limited('5'), await limited('6')]).toEqual(['allowed', 'moves-per-hour'])
  })
})

describe('of two who want different things one wins', () => {
  test('the switch and the giving up', async () => {
    const verified = await walk(must(await begin('1', 3)), 'verified')
    const [switched, given] = await Promise.all([
      change(directory, (tx) => switchHome(tx, verified)),
      change(directory, (tx) => giveUp(tx, { id: verified.id }, 'frozen-too-long')),
    ])
    const member = await directory
      .selectFrom('members')
      .select(['home', 'epoch'])
      .where('id', '=', '1')
      .executeTakeFirst()
    const now = must(given)
    if (isRefusal(switched)) {
      expect([switched.code, now.step, member]).toEqual(['move-overtaken', 'undoing', { home: 1, epoch: 1 }])
    } else expect([now.step, member]).toEqual(['switched', { home: 3, epoch: 2 }])
  })

  test('given up, it is not switched; switched, it is not given up', async () => {
    const one = await walk(must(await begin('1', 3)), 'verified')
    must(await change(directory, (tx) => giveUp(tx, one, 'wanted')))
    expect(await code(change(directory, (tx) => switchHome(tx, one)))).toBe('move-overtaken')
    const other = await walk(must(await begin('2', 4)), 'switched')
    expect(must(await change(directory, (tx) => giveUp(tx, other, 'wanted'))).step).toBe('switched')
  })

  test('whoever takes it up fences the one before', async () => {
    const old = must(
      await change(directory, async (tx) =>
        takeUp(tx, must(await beginMove(tx, { memberId: '1', target: 3 })).id),
      ),
    )
    must(await change(directory, (tx) => takeUp(tx, old.id)))
    expect(await code(change(directory, (tx) => advance(tx, old, 'subscribed')))).toBe('move-overtaken')
    expect(await code(change(directory, (tx) => giveUp(tx, old, 'wanted')))).toBe('move-overtaken')
    expect((await readMove(directory, old.id))?.step).toBe('reserved')
  })

  test('a step that was taken already is taken again without harm', async () => {
    const move = must(
      await change(directory, async (tx) =>
        takeUp(tx, must(await beginMove(tx, { memberId: '1', target: 3 })).id),
      ),
    )
    const first = must(await change(directory, (tx) => advance(tx, move, 'subscribed')))
    expect(must(await change(directory, (tx) => advance(tx, move, 'subscribed')))).toEqual(first)
  })
})

test('a home that somebody has left may still speak of them; others may not', async () => {
  const switched = await walk(must(await begin('1', 3)), 'switched')
  expect(await hasLeft(directory, [switched.memberId], 1)).toBe(true)
  expect(await hasLeft(directory, [switched.memberId], 2)).toBe(false)
  expect(await hasLeft(directory, ['2'], 1)).toBe(false)
})

test('instances may give a move up, and neither begin one nor take one up', async () => {
  const move = must(await begin('1', 3))
  await expect(
    change(community.directory, (tx) => beginMove(tx, { memberId: '2', target: 4 })),
  ).rejects.toThrow('permission')
  await expect(change(community.directory, (tx) => takeUp(tx, move.id))).rejects.toThrow('permission')
  expect(
    must(await change(community.directory, (tx) => giveUp(tx, { id: move.id }, 'frozen-too-long'))).step,
  ).toBe('undoing')
})
