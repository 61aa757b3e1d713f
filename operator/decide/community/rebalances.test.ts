import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Rebalance } from '../../api/objects.ts'
import {
  known,
  makeCommunity,
  makeFacts,
  makeInstance,
  makeRow,
  makeSnapshot,
  NOW,
} from '../../testing/snapshots/community.ts'
import { decide, steps } from '../../testing/snapshots/decided.ts'
import { makeByHand, makeRebalance } from '../../testing/snapshots/rebalance.ts'
import type { CommunitySnapshot, DirectoryInstance } from '../snapshot.ts'
import { wantedSettings } from './directory.ts'
import { describe } from './status.ts'

const UNAPPROVED = {
  type: 'Ready',
  status: 'False',
  reason: 'ApprovalMissing',
  message: 'approve it',
  lastTransitionTime: '2030-01-01T00:00:00Z',
} as const

/** A community of so many members in each instance, all of it enforced by the cap that is wished for. */
function snapshotOf(
  taken: readonly number[],
  given: {
    readonly cap?: number
    readonly mode?: string
    readonly headroomPercent?: number
    readonly maxInstances?: number
    readonly rebalances?: readonly Rebalance[]
    readonly moving?: number
    readonly wishing?: number
    readonly row?: Partial<DirectoryInstance>
  } = {},
): CommunitySnapshot {
  const { cap = 4, mode = 'Auto', headroomPercent = 0, maxInstances = 9 } = given
  return makeSnapshot({
    community: makeCommunity({
      seats: { perInstance: cap, minFree: 1, maxInstances, minutesBetweenInstances: 0 },
      rebalance: { mode, headroomPercent },
    }),
    directory: known(
      makeFacts({
        instances: taken.map((many, index) => makeRow(index + 1, { cap, taken: many, ...given.row })),
        moving: given.moving ?? 0,
        wishing: given.wishing ?? 0,
      }),
    ),
    instances: taken.map((_, index) => makeInstance(index + 1, { cap })),
    rebalances: given.rebalances ?? [],
  })
}

const made = (snapshot: CommunitySnapshot) =>
  steps(snapshot).flatMap((step) =>
    step.do === 'create' && step.object.kind === 'Rebalance'
      ? [{ name: step.object.metadata.name, ...Object(step.object.spec) }]
      : [],
  )
const balanced = (snapshot: CommunitySnapshot) =>
  decide(snapshot).findings.find(({ type }) => type === 'Balanced')
/** How many instances are opened for members who have to move. */
const opened = (snapshot: CommunitySnapshot) =>
  steps(snapshot).filter((step) => step.do === 'apply' && step.object.kind === 'Instance' && !step.live)
    .length
const counted = (snapshot: CommunitySnapshot) => decide(snapshot).counts.overflow

test('one is made for members who are too many, once there are seats for all of them', () => {
  expect(made(snapshotOf([4, 3]))).toEqual([])
  expect(balanced(snapshotOf([4, 3]))).toMatchObject({ status: 'True', reason: 'Balanced' })
  expect(made(snapshotOf([6, 1]))).toEqual([
    { name: 'garden-r1', community: 'garden', reason: 'Overflow', approved: true },
  ])
  expect(counted(snapshotOf([6, 1]))).toBe(2)
  expect(made(snapshotOf([6, 3]))).toEqual([])
  expect(balanced(snapshotOf([6, 3]))).toMatchObject({ status: 'False', reason: 'InstanceStarting' })
  const most = snapshotOf([6, 3], { maxInstances: 2 })
  expect(made(most)).toEqual([])
  expect(balanced(most)).toMatchObject({ status: 'False', reason: 'MaxInstancesReached' })
})

test('Manual waits for approval, Off makes none and opens nothing for it', () => {
  expect(made(snapshotOf([6, 1], { mode: 'Manual' }))).toMatchObject([{ approved: false }])
  const off = snapshotOf([6, 1], { mode: 'Off' })
  expect(made(off)).toEqual([])
  expect(balanced(off)).toMatchObject({ status: 'False', reason: 'RebalanceOff' })
  // Three are too many, and one seat is free: enough for who comes, not for who moves.
  expect(opened(snapshotOf([7, 3], { mode: 'Off' }))).toBe(0)
  expect(opened(snapshotOf([7, 3]))).toBe(1)
})

test('at most one that is approved is open, and what it waits for is said of the Community', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(8), { minLength: 1, maxLength: 4 }),
      fc.constantFrom('Auto', 'Manual', 'Off'),
      fc.constantFrom(undefined, 'Proposed', 'Approved', 'Moving', 'Stopped'),
      fc.nat(2),
      (taken, mode, phase, moving) => {
        const open = makeRebalance({}, { conditions: [UNAPPROVED], ...(phase && { phase }) }, 4)
        expect(made(snapshotOf(taken, { mode, moving, rebalances: [open] }))).toEqual([])
      },
    ),
  )
  const open = makeRebalance({}, { phase: 'Proposed', conditions: [UNAPPROVED] }, 4)
  expect(balanced(snapshotOf([6, 1], { rebalances: [open] }))).toMatchObject({
    reason: 'ApprovalMissing',
    message: 'garden-r4: approve it',
  })
})

test('a new one has a new number; five that are over are kept, and none that is open is deleted', () => {
  const over = [1, 2, 3, 4, 5, 6, 7].map((number) => makeRebalance({}, { phase: 'Done' }, number))
  const snapshot = snapshotOf([6, 1], { rebalances: [...over].reverse() })
  expect(made(snapshot)).toMatchObject([{ name: 'garden-r8' }])
  const deleted = steps(snapshot).flatMap((step) =>
    step.do === 'delete' && step.object.kind === 'Rebalance' ? [step.object.metadata.name] : [],
  )
  expect(deleted.sort()).toEqual(['garden-r1', 'garden-r2'])
})

test('those that people made are neither counted nor deleted, and their names are passed over', () => {
  const theirs = [1, 2, 3, 4, 5, 6, 7].map((number) =>
    makeByHand(number === 7 ? 'garden-r99999999999999999999' : `garden-r${number}`, {}, { phase: 'Done' }),
  )
  const ours = [8, 9].map((number) => makeRebalance({}, { phase: 'Done' }, number))
  const given = (rebalances: readonly Rebalance[], ...names: string[]) => ({
    ...snapshotOf([6, 1], { rebalances }),
    rebalanceNames: [...rebalances.map(({ metadata }) => metadata.name), ...names],
  })
  const snapshot = given([...theirs, ...ours])
  expect(made(snapshot)).toMatchObject([{ name: 'garden-r10' }])
  expect(steps(snapshot).filter((step) => step.do === 'delete')).toEqual([])
  expect(made(given(theirs))).toMatchObject([{ name: 'garden-r7' }])
  // One that is being deleted, or that nobody can read, has its name yet.
  expect(made(given(ours, 'garden-r10', 'garden-r11'))).toMatchObject([{ name: 'garden-r12' }])
})

test('while one that somebody made is in the way none is made, and the Community says what it waits for', () => {
  const proposed: Rebalance['status'] = { phase: 'Proposed', conditions: [UNAPPROVED] }
  const waiting = [makeByHand('night', {}, proposed)]
  const waits = (mode: string, rebalances: readonly Rebalance[]) => {
    const snapshot = snapshotOf([6, 1], { mode, rebalances })
    expect(made(snapshot)).toEqual([])
    expect(balanced(snapshot)).toMatchObject({ reason: 'ApprovalMissing', message: 'night: approve it' })
  }
  for (const mode of ['Manual', 'Off']) waits(mode, waiting)
  for (const spec of [{ approved: true }, { stopped: true }, { approved: true, stopped: true }])
    waits('Auto', [makeByHand('night', spec, proposed)])
  // Where nobody else is moved, seats are made for those whom it moves, once it may.
  const openedFor = (rebalances: readonly Rebalance[]) =>
    opened(snapshotOf([7, 3], { mode: 'Off', rebalances }))
  expect([openedFor(waiting), openedFor([makeByHand('night', { approved: true })])]).toEqual([0, 1])
})

test('with Auto one that waits to be approved holds up no lower cap and no emptying, for seats or for moves', () => {
  const waiting = [makeByHand('night', {}, { phase: 'Proposed', conditions: [UNAPPROVED] })]
  const given = { rebalances: waiting }
  expect(made(snapshotOf([6, 1], given))).toMatchObject([{ name: 'garden-r1', approved: true }])
  const emptied = {
    ...snapshotOf([2, 1], given),
    community: makeCommunity({ seats: { perInstance: 4, minFree: 1 }, drain: [2] }),
    directory: known(
      makeFacts({
        instances: [
          makeRow(1, { cap: 4, taken: 2 }),
          makeRow(2, { cap: 4, taken: 1, state: 'Draining', drainedFor: 'Asked' }),
        ],
      }),
    ),
  }
  expect(made(emptied)).toMatchObject([{ name: 'garden-r1', reason: 'Draining', approved: true }])
  expect(opened(snapshotOf([7, 3], given))).toBe(1)
  expect(balanced(snapshotOf([6, 3], given))).toMatchObject({ reason: 'InstanceStarting' })
  expect(made(snapshotOf([2, 2], { ...given, wishing: 2 }))).toMatchObject([{ reason: 'Wishes' }])
  // What was begun is ended by the one that waits, and with nobody to move it is told of.
  const quiet = snapshotOf([4, 3], { ...given, moving: 1 })
  expect(made(quiet)).toEqual([])
  expect(balanced(quiet)).toMatchObject({ reason: 'ApprovalMissing', message: 'night: approve it' })
  // Once there is one of its own, that is in the way of the next.
  const both = snapshotOf([6, 1], { rebalances: [...waiting, makeRebalance({}, { phase: 'Moving' })] })
  expect(made(both)).toEqual([])
  expect(balanced(both)?.message).toMatch(/^garden-r1: /)
})

test('what waits for approval is counted, and the people who look after the community are told of it', () => {
  const waits = (rebalances: readonly Rebalance[]) => {
    const snapshot = snapshotOf([6, 1], { mode: 'Manual', rebalances })
    const { proposed_moves, proposed_reason } = wantedSettings(snapshot.community, rebalances)
    return [decide(snapshot).awaitingApproval, proposed_moves, proposed_reason]
  }
  const proposed = makeRebalance({ approved: false }, { phase: 'Proposed', left: 2 })
  expect(waits([proposed])).toEqual([1, 2, 'Overflow'])
  expect(waits([])).toEqual([0, null, null])
  expect(waits([{ ...proposed, spec: { ...proposed.spec, approved: true } }])).toEqual([0, null, null])
})

test('moves that nobody looks after any more get one to end them, also where nobody is moved', () => {
  expect(made(snapshotOf([4, 3], { moving: 1 }))).toMatchObject([{ reason: 'Unfinished' }])
  expect(made(snapshotOf([6, 1], { moving: 1, mode: 'Off' }))).toMatchObject([{ reason: 'Unfinished' }])
  // Nor do they wait for seats that there may never be: theirs they have.
  const full = { moving: 1, maxInstances: 2 }
  for (const mode of ['Auto', 'Manual'])
    expect(made(snapshotOf([6, 4], { ...full, mode }))).toMatchObject([{ reason: 'Unfinished' }])
  expect(made(snapshotOf([6, 4], { ...full, moving: 0 }))).toEqual([])
})

test('for wishes alone one is made once a week at most, and after all that has to be', () => {
  const wishing = { wishing: 2 }
  expect(made(snapshotOf([2, 2], wishing))).toMatchObject([{ reason: 'Wishes', approved: true }])
  expect(made(snapshotOf([2, 2], { ...wishing, mode: 'Manual' }))).toMatchObject([{ approved: false }])
  expect(made(snapshotOf([2, 2], { ...wishing, mode: 'Off' }))).toEqual([])
  expect(made(snapshotOf([6, 1], wishing))).toMatchObject([{ reason: 'Overflow' }])
  const last = (days: number) => {
    const one = makeRebalance({ reason: 'Wishes' }, { phase: 'Done' })
    const creationTimestamp = new Date(NOW - days * 86_400_000).toISOString()
    return { ...one, metadata: { ...one.metadata, creationTimestamp } }
  }
  expect(made(snapshotOf([2, 2], { ...wishing, rebalances: [last(6.9)] }))).toEqual([])
  expect(made(snapshotOf([2, 2], { ...wishing, rebalances: [last(7)] }))).toMatchObject([
    { name: 'garden-r2' },
  ])
  // It says when the last one was, however many came after it.
  const later = [2, 3, 4, 5, 6, 7].map((number) => makeRebalance({}, { phase: 'Done' }, number))
  const deleted = steps(snapshotOf([2, 2], { ...wishing, rebalances: [last(1), ...later] })).flatMap(
    (step) => (step.do === 'delete' && step.object.kind === 'Rebalance' ? [step.object.metadata.name] : []),
  )
  expect(deleted).toEqual(['garden-r2'])
})

test('headroom: one is made when less than half of it is left somewhere, and all can have all of it', () => {
  const some = { headroomPercent: 50 }
  expect(made(snapshotOf([4, 0], some))).toMatchObject([{ reason: 'Headroom' }])
  // Half of it is left; there is not enough for all.
  expect(made(snapshotOf([3, 0], some))).toEqual([])
  expect(made(snapshotOf([4, 1], some))).toEqual([])
  expect(made(snapshotOf([4, 0]))).toEqual([])
})

test('one that found nobody to move is not made again at once, whatever it was for', () => {
  const ended = (reason: Rebalance['spec']['reason'], ago: number, moved = 0) => [
    makeRebalance(
      { reason },
      {
        phase: 'Done',
        moved,
        failed: 0,
        conditions: [
          {
            ...UNAPPROVED,
            status: 'True',
            reason: 'Settled',
            lastTransitionTime: new Date(NOW - ago).toISOString(),
          },
        ],
      },
    ),
  ]
  const hour = 3_600_000
  // All of them wish to stay, say.
  const some = { headroomPercent: 50 }
  const cramped = (rebalances: Rebalance[]) => snapshotOf([4, 0], { ...some, rebalances })
  expect(made(cramped(ended('Headroom', hour)))).toEqual([])
  expect(balanced(cramped(ended('Headroom', hour)))).toMatchObject({ status: 'True', reason: 'Balanced' })
  expect(made(cramped(ended('Headroom', 25 * hour)))).toMatchObject([{ reason: 'Headroom' }])
  expect(made(cramped(ended('Headroom', hour, 2)))).toMatchObject([{ reason: 'Headroom' }])
  expect(made(cramped(ended('Overflow', hour)))).toMatchObject([{ reason: 'Headroom' }])
  // The seat of somebody who is just signing up.
  const over = (rebalances: Rebalance[]) => snapshotOf([5, 0], { rebalances })
  expect(made(over(ended('Overflow', 1_000)))).toEqual([])
  expect(balanced(over(ended('Overflow', 1_000)))).toMatchObject({ status: 'False', reason: 'Moving' })
  expect(made(over(ended('Overflow', 61_000)))).toMatchObject([{ reason: 'Overflow' }])
  expect(made(over(ended('Overflow', 1_000, 3)))).toMatchObject([{ reason: 'Overflow' }])
  // What was begun is not left alone for a moment.
  const begun = { moving: 1, rebalances: ended('Unfinished', 1_000) }
  expect(made(snapshotOf([4, 3], begun))).toMatchObject([{ reason: 'Unfinished' }])
})

test('while members move, and nothing else does, the Community is progressing', () => {
  const seen = (reason: string) =>
    describe(snapshotOf([6, 1]), {
      directory: undefined,
      regressed: undefined,
      growth: undefined,
      refusals: [],
      busy: false,
      draining: undefined,
      balance: { type: 'Balanced', status: 'False', reason, message: 'why' },
    }).findings.find(({ type }) => type === 'Progressing')
  expect(seen('Moving')).toMatchObject({ status: 'True', reason: 'Moving' })
  expect(seen('ApprovalMissing')).toMatchObject({ status: 'False' })
})
