// Whether fewer instances would do, for how long, and which is emptied then.
import { expect, test } from 'vitest'
import { NOW } from '../../testing/snapshots/community.ts'
import { decide } from '../../testing/snapshots/decided.ts'
import { DAY, type Emptying, emptyingSnapshot, moved, said } from '../../testing/snapshots/emptying.ts'

test('fewer would do: the emptiest is emptied when that has been so for long enough, and only with mode Auto', () => {
  const rows = [{ taken: 1 }, { taken: 2 }, { taken: 1 }]
  const after = (given: Partial<Emptying>) => moved({ rows, compactFor: 30, ...given })
  expect(after({})).toEqual([{ change: 'drain', ordinal: 3, cause: 'Fewer' }])
  expect(said({ rows }, 'Compact')).toMatchObject({ status: 'False', reason: 'MoreThanNeeded' })
  for (const given of [
    { compactFor: 29.9 },
    { rebalance: { shrinkAfterDays: 31 } },
    { rebalance: { shrinkAfterDays: 0 } },
    { rebalance: { mode: 'Manual' } },
    { rebalance: { mode: 'Off' } },
    { facts: { waiting: 1 } },
    // An instance that was opened or emptied since begins the time anew.
    { rows: [{ taken: 1 }, { taken: 2 }, { taken: 1, stateSince: NOW - 29.9 * DAY }] },
    { rows: [{ taken: 1 }, { taken: 2 }, { taken: 1, state: 'Opening' as const }] },
    // Twice minFree would not be left, or not the headroom besides.
    { rows: [{ taken: 3 }, { taken: 4 }] },
    { rows: [{ taken: 3 }, { taken: 3 }, { taken: 1 }] },
    { rebalance: { headroomPercent: 50 }, rows: [{ taken: 1 }, { taken: 2 }] },
  ])
    expect(after(given)).toEqual([])
  expect(said({ rows: [{ taken: 3 }, { taken: 4 }] }, 'Compact')).toMatchObject({ status: 'True' })
})

test('emptied because fewer would do, it takes members again when they need its seats or it is no longer wished for', () => {
  const fewer = (first: number, second: number, given: Partial<Emptying> = {}) =>
    moved({ rows: [{ taken: first }, { taken: second, state: 'Draining', drainedFor: 'Fewer' }], ...given })
  const reopened = [{ change: 'reopen', ordinal: 2 }]
  expect(fewer(2, 1)).toEqual([])
  expect(fewer(3, 1)).toEqual(reopened)
  expect(fewer(2, 1, { facts: { waiting: 1 } })).toEqual(reopened)
  expect(fewer(2, 1, { rebalance: { mode: 'Manual' } })).toEqual(reopened)
  expect(fewer(2, 1, { rebalance: { shrinkAfterDays: 0 } })).toEqual(reopened)
  // From now on it is somebody's wish.
  expect(fewer(3, 1, { drain: [2] })).toEqual([{ change: 'drain', ordinal: 2, cause: 'Asked' }])
})

test('since when fewer would do is not forgotten while nobody answers', () => {
  const snapshot = emptyingSnapshot({ rows: [{}, {}], compactFor: 12 })
  const refusal = { reason: 'DatabaseUnreachable', message: 'no answer' } as const
  const unanswered = { ...snapshot, directory: { state: 'unknown' as const, refusal } }
  expect(decide(unanswered).findings.find(({ type }) => type === 'Compact')).toMatchObject({
    status: 'False',
  })
})
