import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PATIENCE_MS, PATIENCE_TRIES } from '../../rebalance/drive/patience.ts'
import { makeCommunity, makeInstance, NOW } from '../../testing/snapshots/community.ts'
import {
  id,
  lowered,
  makeMoves,
  makeRebalance,
  makeRebalanceSnapshot,
} from '../../testing/snapshots/rebalance.ts'
import { decideRebalance } from './decide.ts'
import type { MovesFacts, OpenMove, PlanState } from './facts.ts'
import { makePlan } from './plan/plan.ts'
import { roomsOf } from './settled.ts'

const perHour = { seats: { perInstance: 4 }, rebalance: { maxMovesPerHour: 1000 } }
const PAIRS = { ...perHour, seats: { perInstance: 2 } }

// Two over the cap of four, and an empty instance.
const FULL = makeMoves([4, 4], [1, 1, 1, 1, 1, 1])
const planned = (facts: MovesFacts, spec: Record<string, unknown> = perHour): PlanState =>
  makePlan({ community: makeCommunity(spec), facts }, [])
const snapshotOf = (facts: MovesFacts, given: Parameters<typeof makeRebalanceSnapshot>[1] = {}) =>
  makeRebalanceSnapshot(facts, { community: makeCommunity(perHour), plan: planned(facts), ...given })
const reason = (decision: ReturnType<typeof decideRebalance>) =>
  decision.findings.find(({ type }) => type === 'Progressing')?.reason
const open = (given: Partial<OpenMove> = {}): OpenMove => ({
  id: '1',
  memberId: id(0),
  source: 1,
  target: 2,
  step: 'copied',
  mine: true,
  trouble: null,
  ...given,
})

test('it begins the first of its plan, and nobody while something stands in the way', () => {
  expect(decideRebalance(snapshotOf(FULL)).begin).toMatchObject({ from: 1, to: 2 })
  const stopped = { rebalance: makeRebalance({ stopped: true }) }
  const proposed = { rebalance: makeRebalance({ approved: false }) }
  const rolling = { instances: [makeInstance(1), makeInstance(2, { serving: false })] }
  const changed = { instances: [makeInstance(1), makeInstance(2, { generation: 2, observed: 1 })] }
  const unanswered = { plan: { is: 'unanswered', ordinal: 2 } } as const
  // Also what no status says yet.
  const replaced = { replaced: new Map([[2, 'now' as const]]) }
  const soon = { replaced: new Map([[1, 'soon' as const]]) }
  const paused = { community: makeCommunity({ ...perHour, paused: true }) }
  const off = { community: makeCommunity({ ...perHour, rebalance: { mode: 'Off' } }) }
  for (const [given, why] of [
    [stopped, 'Stopped'],
    [proposed, 'ApprovalMissing'],
    [rolling, 'InstanceNotReady'],
    [changed, 'InstanceNotReady'],
    [replaced, 'InstanceNotReady'],
    [soon, 'InstanceNotReady'],
    [unanswered, 'TiesUnknown'],
    [{ regressed: true }, 'DirectoryRegressed'],
    [paused, 'Paused'],
    [off, 'RebalanceOff'],
  ] as const) {
    const decision = decideRebalance(snapshotOf(FULL, given))
    expect([decision.begin, reason(decision)]).toEqual([undefined, why])
  }
})

test('no answer from the directory keeps the numbers and moves nobody', () => {
  const rebalance = makeRebalance({}, { phase: 'Moving', planned: 9, moved: 4, left: 5 })
  const refusal = { reason: 'DatabaseUnreachable', message: 'it does not answer' } as const
  const decision = decideRebalance(snapshotOf(FULL, { rebalance, moves: { ok: false, refusal } }))
  expect(decision).toMatchObject({ begin: undefined, drive: [], wantsPlan: false })
  expect(decision.counts).toMatchObject({ phase: 'Moving', planned: 9, moved: 4, left: 5 })
})

test('without a plan, because homes do not answer or a new process has none yet, nobody is counted twice', () => {
  const rebalance = makeRebalance({}, { phase: 'Moving', planned: 3, moved: 0, left: 3 })
  // One has come since the numbers were told.
  const facts = makeMoves([4, 4], [1, 1, 1, 1, 1, 1, 2], { open: [open()], done: 1 })
  for (const plan of [{ is: 'none' }, { is: 'unanswered', ordinal: 1 }] as const) {
    const { counts } = decideRebalance(snapshotOf(facts, { rebalance, plan }))
    expect(counts).toMatchObject({ planned: 3, moved: 1, left: 2 })
  }
  const many = {
    rebalance: makeRebalance({}, { ...rebalance.status, planned: 1 }),
    plan: { is: 'none' },
  } as const
  // More than were planned: what is under way is left in any case.
  expect(decideRebalance(snapshotOf(facts, many)).counts).toMatchObject({ planned: 2, moved: 1, left: 1 })
})

test('what was left half way is taken up first, by whomever it was begun, also before approval', () => {
  const facts = makeMoves([4, 4], [1, 1, 1, 1, 1, 1], {
    open: [open({ mine: false }), open({ id: '2', memberId: id(1) })],
  })
  for (const given of [{}, { rebalance: makeRebalance({ approved: false }) }])
    expect(decideRebalance(snapshotOf(facts, given))).toMatchObject({ drive: ['1', '2'], begin: undefined })
  // What is being walked, and what rests after a failure, is left alone.
  const given = { running: new Set(['1']), resting: new Map([['2', 800]]) }
  expect(decideRebalance(snapshotOf(facts, given))).toMatchObject({ drive: [], requeueAfterMs: 800 })
})

test('while a pod is replaced no move from or to it is walked on, unless it is given up; a pod that only waits for that holds up none', () => {
  const facts = makeMoves([4, 4], [1, 1, 1, 1, 1, 1], { open: [open()] })
  const replaced = (how: 'now' | 'soon') => ({ replaced: new Map([[2, how]]) })
  expect(decideRebalance(snapshotOf(facts, replaced('now')))).toMatchObject({ drive: [], begin: undefined })
  expect(decideRebalance(snapshotOf(facts, replaced('now'))).requeueAfterMs).toBeGreaterThan(1_000)
  expect(decideRebalance(snapshotOf(facts, replaced('soon')))).toMatchObject({
    drive: ['1'],
    begin: undefined,
  })
  const stopped = { ...replaced('now'), rebalance: makeRebalance({ stopped: true }) }
  expect(decideRebalance(snapshotOf(facts, stopped))).toMatchObject({ drive: ['1'], abandon: ['1'] })
})

test('stopped, what is being walked goes on, and the rest is given up where that can be', () => {
  const moves = [
    open({ id: '1' }),
    open({ id: '2', memberId: id(1) }),
    open({ id: '3', memberId: id(2), step: 'switched' }),
    open({ id: '4', memberId: id(3), step: 'undoing' }),
  ]
  const facts = makeMoves([4, 4], [1, 1, 2, 1, 1, 1], { open: moves })
  const given = { rebalance: makeRebalance({ stopped: true }), running: new Set(['1']) }
  const decision = decideRebalance(snapshotOf(facts, given))
  expect(decision).toMatchObject({ drive: ['2', '3', '4'], abandon: ['2'], begin: undefined })
  expect(decision.counts.phase).toBe('Stopped')
})

test('the rate counts all moves of the last hour, and the wait ends when the oldest is an hour old', () => {
  const begun = [NOW - 3_500_000, NOW - 1_000, NOW - 500]
  const facts = { ...FULL, begun }
  const limited = (maxMovesPerHour: number) =>
    decideRebalance(snapshotOf(facts, { rebalance: makeRebalance({ maxMovesPerHour }) }))
  // Whoever begins counts again.
  expect(limited(4).begin).toMatchObject({ perHour: 4 })
  expect(limited(3).begin).toBeUndefined()
  expect(reason(limited(3))).toBe('RateLimited')
  expect(limited(3).requeueAfterMs).toBeLessThanOrEqual(100_100)
  expect(limited(2).begin).toBeUndefined()
})

test('while moves are not walked since the Community is paused, nobody looks at them again and again', () => {
  const facts = makeMoves([4, 4], [1, 1, 1, 1, 1, 1], { open: [open()] })
  const paused = { community: makeCommunity({ ...perHour, paused: true }) }
  expect(decideRebalance(snapshotOf(facts, paused))).toMatchObject({ drive: [], requeueAfterMs: 60_000 })
  expect(decideRebalance(snapshotOf(facts))).toMatchObject({ drive: ['1'] })
})

test('a plan that no longer fits is made anew', () => {
  const plan = planned(FULL)
  const wants = (facts: MovesFacts, spec: Record<string, unknown> = perHour) =>
    decideRebalance(snapshotOf(facts, { plan, community: makeCommunity(spec) })).wantsPlan
  expect(wants(FULL)).toBe(false)
  // Another cap; the first of the plan is gone; somebody took the seats.
  expect(wants(FULL, { ...perHour, seats: { perInstance: 3 } })).toBe(true)
  const first = plan.is === 'made' ? plan.plan.order[0]?.member : ''
  expect(wants({ ...FULL, members: FULL.members.filter((one) => one.id !== first) })).toBe(true)
  expect(
    wants({ ...FULL, instances: FULL.instances.map((row) => ({ ...row, taken: Math.max(4, row.taken) })) }),
  ).toBe(true)
})

test('whoever could not be moved three times is planned around; moderators stay, unless they are too many', () => {
  const who = (change: (index: number) => object) => {
    const members = FULL.members.map((one, index) => ({ ...one, ...change(index) }))
    const plan = planned({ ...FULL, members })
    return plan.is === 'made' ? plan.plan.order.map(({ member }) => member).sort() : []
  }
  expect(who((index) => ({ undone: index < 4 ? 3 : 2 }))).toEqual([id(4), id(5)])
  expect(who((index) => ({ role: index % 3 === 0 ? 'member' : 'moderator' }))).toEqual([id(0), id(3)])
  expect(who(() => ({ role: 'moderator' }))).toHaveLength(2)
  expect(who((index) => ({ movedAt: index < 4 ? NOW - 1000 : null }))).toEqual([id(4), id(5)])
})

test('whom a home failed for long is planned around at once, and goes last where they have to go', () => {
  const members = FULL.members.map((one, index) => ({ ...one, unanswered: index < 2 ? 1 : 0 }))
  const order = (facts: MovesFacts) => {
    const plan = planned(facts)
    return plan.is === 'made' ? plan.plan.order.map(({ member }) => member) : []
  }
  expect(order({ ...FULL, members }).some((member) => member === id(0) || member === id(1))).toBe(false)
  const draining = makeMoves([4, 4, 4], [1, 2, 1, 2])
  const emptied: MovesFacts = {
    ...draining,
    instances: draining.instances.map((row) => (row.ordinal === 3 ? row : { ...row, state: 'Draining' })),
    members: draining.members.map((one, index) => ({ ...one, unanswered: index < 2 ? 1 : 0 })),
  }
  expect(order(emptied).slice(0, 2).sort()).toEqual([id(2), id(3)])
  expect(order(emptied).slice(2).sort()).toEqual([id(0), id(1)])
})

test('whoever has no seat to go to yet is waited for: an instance that is emptied is not done with before', () => {
  const facts = makeMoves([4, 4], [1, 1, 1, 2, 2])
  const draining: MovesFacts = {
    ...facts,
    instances: facts.instances.map((row) => (row.ordinal === 2 ? { ...row, state: 'Draining' } : row)),
  }
  const first = decideRebalance(snapshotOf(draining))
  expect(first).toMatchObject({ begin: { from: 2, to: 1 }, counts: { planned: 1 } })
  const full: MovesFacts = {
    ...makeMoves([4, 4], [1, 1, 1, 1, 2]),
    instances: draining.instances.map((row) => ({ ...row, taken: row.ordinal === 1 ? 4 : 1 })),
  }
  const waits = decideRebalance(snapshotOf(full))
  expect(waits.counts.phase).not.toBe('Done')
  // Another plan would find the same, until somebody leaves or a cap is raised.
  expect([waits.begin, reason(waits), waits.wantsPlan]).toEqual([undefined, 'Draining', false])
  const freed = (given: Partial<MovesFacts['instances'][number]>): MovesFacts => ({
    ...full,
    instances: full.instances.map((row) => (row.ordinal === 1 ? { ...row, ...given } : row)),
  })
  const before = { plan: planned(full) }
  expect(decideRebalance(snapshotOf(freed({ taken: 3 }), before)).wantsPlan).toBe(true)
  const raised = { ...before, community: makeCommunity({ seats: { perInstance: 5 } }) }
  expect(decideRebalance(snapshotOf(freed({ cap: 5 }), raised)).wantsPlan).toBe(true)
  const over = decideRebalance(
    snapshotOf({ ...full, instances: full.instances.map((row) => ({ ...row, state: 'Active' })) }),
  )
  expect(over.counts.phase).toBe('Done')
})

test('a seat that somebody is leaving is not there before they have left, and where they cannot another plan is made', () => {
  const moving = (given: Partial<OpenMove> = {}) =>
    makeMoves([2, 2, 2], [1, 1, 2], { open: [open({ target: 3, ...given })] })
  const made = planned(moving(), PAIRS)
  if (made.is !== 'made') throw new Error(made.is)
  const plan = { ...made, plan: { ...made.plan, order: [{ member: id(2), from: 2, to: 1 }] } }
  const next = (facts: MovesFacts) =>
    decideRebalance(snapshotOf(facts, { plan, community: makeCommunity(PAIRS) }))
  // The directory would refuse it.
  expect(next(moving())).toMatchObject({ begin: undefined, wantsPlan: false })
  expect(next(makeMoves([2, 2, 2], [3, 1, 2])).begin).toMatchObject({ from: 2, to: 1 })
  // It can only go forward, and its home does not do its part.
  const trouble = {
    step: 'activated',
    ordinal: 1,
    verb: 'demote',
    answer: null,
    since: NOW - PATIENCE_MS,
    tries: PATIENCE_TRIES + 1,
  }
  const stuck = makeMoves([2, 2, 2], [3, 1, 2], { open: [open({ target: 3, step: 'activated', trouble })] })
  expect(next(stuck)).toMatchObject({ begin: undefined, wantsPlan: true })
  expect(roomsOf(stuck, { perInstance: 2 }).map(({ taken }) => taken)).toEqual([2, 1, 1])
  expect(planned(stuck, PAIRS)).toMatchObject({ plan: { order: [] } })
})

test('headroom is a wish: it gives way where there are no seats for it', () => {
  const spec = { ...perHour, rebalance: { headroomPercent: 50 } }
  const tight = makeMoves([4, 4], [1, 1, 1, 1, 2])
  const counts = (facts: MovesFacts) => {
    const plan = planned(facts, spec)
    return plan.is === 'made' ? [...plan.plan.after.values()].sort() : plan
  }
  expect(counts(tight)).toEqual([1, 4])
  expect(counts(makeMoves([4, 4], [1, 1, 1, 1]))).toEqual([2, 2])
})

test('nothing of anybody is said', () => {
  fc.assert(
    fc.property(lowered, ({ cap, homes, instances, ties }) => {
      const facts = makeMoves(
        Array.from({ length: instances }, () => cap),
        homes,
        { open: homes.length > 0 ? [open({ memberId: id(0) })] : [] },
      )
      const community = makeCommunity({ ...perHour, seats: { perInstance: cap } })
      const plan = makePlan({ community, facts }, ties)
      const { findings, counts, events } = decideRebalance(makeRebalanceSnapshot(facts, { community, plan }))
      expect(JSON.stringify({ findings, counts, events })).not.toMatch(/10\d\d/)
    }),
    { numRuns: 40 },
  )
})
