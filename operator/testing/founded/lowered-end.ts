// What must hold of a town whose cap is lowered: at every moment, and at the end.
import type pg from 'pg'
import { expect } from 'vitest'
import { conditionOf } from '../operate.ts'
import { CAP, HANDLES, ROOMY, type Town } from './lowered.ts'

const rowsOf = async <Row extends pg.QueryResultRow>(db: pg.Pool, sql: string): Promise<Row[]> =>
  (await db.query<Row>(sql)).rows

/** Holds at every moment: nobody in a seat too many, nobody at two homes, and numbers that were never told too high or again. */
export async function expectNothingBroken(town: Town): Promise<void> {
  // The cap of the first counts in the directory before those who are too many have left; nobody else may come.
  const seats = await rowsOf<{ taken: number }>(
    town.directory,
    'SELECT taken FROM instances ORDER BY ordinal',
  )
  expect(seats[0]?.taken).toBeLessThanOrEqual(ROOMY)
  expect(seats[1]?.taken).toBeLessThanOrEqual(CAP)
  const members = await rowsOf(town.directory, "SELECT id FROM members WHERE state = 'active'")
  expect(members).toHaveLength(HANDLES.length)
  const living: string[] = []
  for (const db of town.databases) {
    const [home] = await rowsOf<{ cap: number; ids: string[] }>(
      db,
      "SELECT cap, array(SELECT id::text FROM members WHERE state = 'active') AS ids FROM home",
    )
    expect(home?.ids.length).toBeLessThanOrEqual(home?.cap ?? 0)
    living.push(...(home?.ids ?? []))
  }
  expect(living).toHaveLength(new Set(living).size)
  expect(town.told.made).toBeLessThanOrEqual(1)
  let before = 0
  for (const { planned, moved = 0, left = 0, failed } of town.told.statuses) {
    if (planned === undefined) continue
    expect({ planned, failed, sum: moved + left }).toEqual({ planned: 2, failed: 0, sum: 2 })
    expect(moved).toBeGreaterThanOrEqual(before)
    before = moved
  }
}

/** What there is at the end, without what is random. */
export async function endOf(town: Town) {
  const [rebalance, ...others] = await town.rebalances()
  expect(others).toEqual([])
  const { phase, conditions: _, observedGeneration: _o, ...counts } = Object(rebalance?.status)
  const community = await town.community()
  const { members, overflow, free } = Object(community?.status)
  const living = await Promise.all(
    town.databases.map(async (db) => {
      const [home] = await rowsOf<{ cap: number; ids: string[] }>(
        db,
        `SELECT cap, residents, high_water, array(SELECT id::text FROM members WHERE state = 'active') AS ids,
           array(SELECT count(*)::integer FROM notifications WHERE kind = 'notice' GROUP BY member_id) AS notices FROM home`,
      )
      return home
    }),
  )
  const listed = await rowsOf<{ id: string; home: number }>(
    town.directory,
    "SELECT id::text, home FROM members WHERE state = 'active'",
  )
  return {
    rebalances: town.told.made,
    phase,
    ready: conditionOf(rebalance, 'Ready')?.reason,
    counts,
    community: { members, overflow, free, balanced: conditionOf(community, 'Balanced')?.status },
    homes: living.map((home) => ({ ...home, ids: home?.ids.length })),
    // Where the directory has everybody, and where they are.
    strays: listed.filter(({ id, home }) =>
      living.some((one, index) => one?.ids.includes(id) !== (index + 1 === home)),
    ).length,
    seats: await rowsOf(town.directory, 'SELECT ordinal, cap, taken, state FROM instances ORDER BY ordinal'),
    moves: await rowsOf(
      town.directory,
      `SELECT source, target, step, count(*)::integer AS many, count(DISTINCT member_id)::integer AS members,
         bool_and(rebalance = '${rebalance?.metadata.uid}') AS ours FROM moves GROUP BY source, target, step`,
    ),
    notes: await rowsOf(town.directory, 'SELECT reason, kept_before, kept_after FROM rebalances'),
  }
}

/** What `endOf` has to be. */
export const END = {
  rebalances: 1,
  phase: 'Done',
  ready: 'Settled',
  counts: {
    planned: 2,
    moved: 2,
    failed: 0,
    left: 0,
    friendsKeptBefore: 100,
    friendsKeptAfter: 100,
    seats: [
      { instance: 'garden-1', cap: 2, from: 4, now: 2, to: 2 },
      { instance: 'garden-2', cap: 2, from: 0, now: 2, to: 2 },
    ],
  },
  community: { members: 4, overflow: 0, free: 0, balanced: 'True' },
  // Nobody ever had a seat too many, and each who came has heard of it once.
  homes: [
    { cap: 2, residents: 2, high_water: 4, ids: 2, notices: [] },
    { cap: 2, residents: 2, high_water: 2, ids: 2, notices: [1, 1] },
  ],
  strays: 0,
  seats: [
    { ordinal: 1, cap: 2, taken: 2, state: 'Active' },
    { ordinal: 2, cap: 2, taken: 2, state: 'Active' },
  ],
  moves: [{ source: 1, target: 2, step: 'done', many: 2, members: 2, ours: true }],
  notes: [{ reason: 'Overflow', kept_before: 100, kept_after: 100 }],
}
