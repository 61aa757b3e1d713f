// A Rebalance that only brings to an end what was begun before: it waits for nobody's word, and nothing waits for it.
import { expect, test } from 'vitest'
import type { Rebalance } from '../../api/objects.ts'
import { known, makeCommunity, makeFacts, makeRow, makeSnapshot } from '../../testing/snapshots/community.ts'
import { decide, steps } from '../../testing/snapshots/decided.ts'
import {
  id,
  makeByHand,
  makeMoves,
  makeRebalance,
  makeRebalanceSnapshot,
} from '../../testing/snapshots/rebalance.ts'
import { decideRebalance } from './decide.ts'
import type { OpenMove } from './facts.ts'
import { describeWaiting } from './status.ts'
import { awaitingApproval, movesOf, openOf, turnOf } from './turn.ts'

const communityOf = (mode: string) => makeCommunity({ seats: { perInstance: 4 }, rebalance: { mode } })
const open = (given: Partial<OpenMove> = {}): OpenMove => ({
  id: '1',
  memberId: id(0),
  source: 1,
  target: 2,
  step: 'copied',
  mine: false,
  trouble: null,
  ...given,
})
const two = [open(), open({ id: '2', memberId: id(1), step: 'switched' })]
const unfinished = (spec: Partial<Rebalance['spec']> = {}, status: Rebalance['status'] = {}, number = 1) =>
  makeRebalance({ reason: 'Unfinished', approved: false, ...spec }, status, number)

const decided = (
  rebalance: Rebalance,
  mode: string,
  { moves = two, ...given }: { moves?: OpenMove[]; paused?: boolean } = {},
) =>
  decideRebalance(
    makeRebalanceSnapshot(makeMoves([4, 4], [1, 1, 1, 1, 1, 1], { open: moves }), {
      rebalance,
      community: makeCommunity({ seats: { perInstance: 4 }, rebalance: { mode }, ...given }),
    }),
  )
const said = ({ findings }: ReturnType<typeof decideRebalance>) =>
  Object.fromEntries(findings.map(({ type, status, reason, message }) => [type, { status, reason, message }]))

test('it begins nobody, and is over when what was begun is', () => {
  for (const mode of ['Auto', 'Manual', 'Off']) {
    const going = decided(unfinished(), mode)
    expect(going).toMatchObject({ drive: ['1', '2'], begin: undefined, wantsPlan: false })
    expect(going.counts.phase).not.toBe('Done')
    expect(decided(unfinished(), mode, { moves: [] }).counts.phase).toBe('Done')
  }
})

test('it needs no approval in any mode, whoever made it, and says what it does', () => {
  for (const mode of ['Auto', 'Manual', 'Off'])
    for (const one of [
      unfinished(),
      unfinished({ approved: true }),
      makeByHand('mend', { reason: 'Unfinished' }),
    ]) {
      const decision = decided(one, mode)
      expect(decision.counts).toMatchObject({ phase: 'Moving', left: 2 })
      const going = {
        reason: 'Moving',
        message:
          '2 moves that were begun before are being ended: that needs no approval, and no other is begun',
      }
      expect(said(decision)).toEqual({
        Ready: { status: 'False', ...going },
        Planned: {
          status: 'True',
          reason: 'Planned',
          message: 'there is nothing to plan: it only ends moves that were begun before',
        },
        Progressing: { status: 'True', ...going },
      })
    }
  expect(said(decided(unfinished(), 'Manual', { moves: [open()] }))).toMatchObject({
    Ready: { message: expect.stringMatching(/^one move that was begun before is being ended: /) },
  })
  const seats = decided(unfinished(), 'Manual').counts.seats
  expect(seats?.map(({ now, to }) => [now, to])).toEqual([
    [6, 4],
    [0, 2],
  ])
})

test('stopped it gives up what it can, paused it does nothing, and it says so', () => {
  const stopped = decided(unfinished({ stopped: true }), 'Manual')
  expect(stopped).toMatchObject({ drive: ['1', '2'], abandon: ['1'], counts: { phase: 'Stopped' } })
  expect(said(stopped)).toMatchObject({
    Ready: {
      reason: 'Stopped',
      message:
        'spec.stopped is true: moves that were begun before are undone where they still can be, the others are ended',
    },
  })
  const paused = decided(unfinished(), 'Manual', { paused: true })
  expect(paused.drive).toEqual([])
  expect(said(paused)).toMatchObject({ Ready: { reason: 'Paused' } })
})

test('nobody is asked to approve it, also where it said so before', () => {
  for (const mode of ['Auto', 'Manual', 'Off'])
    expect(awaitingApproval(communityOf(mode), [unfinished({}, { phase: 'Proposed' })])).toBeUndefined()
})

test('one that waits for approval says that what was begun before is ended meanwhile', () => {
  const waits = said(decided(makeRebalance({ approved: false }), 'Manual'))
  expect(waits).toMatchObject({ Ready: { reason: 'ApprovalMissing' } })
  expect(waits.Ready?.message).toMatch(
    /^it waits for approval, and nobody else is moved before: .*; 2 moves that were begun before are ended all the same$/,
  )
  expect(said(decided(makeRebalance(), 'Off')).Ready?.message).toMatch(
    /; 2 moves that were begun before are ended all the same$/,
  )
})

test('whatever else is open goes before it and ends the same moves, so that one that cannot end holds up nobody', () => {
  const ending = unfinished({ approved: true }, { phase: 'Moving' })
  const others = [
    makeRebalance({}, {}, 2),
    makeRebalance({ approved: false }, {}, 2),
    makeByHand('night'),
    makeByHand('night', { approved: true }),
  ]
  for (const mode of ['Auto', 'Manual'])
    for (const other of others) {
      expect(openOf([ending, other], communityOf(mode))[0]).toBe(other)
      expect(turnOf(ending, [ending, other], communityOf(mode))).toEqual({ is: 'after', first: other })
    }
  // What is held for good ends it as well, but says less.
  expect(openOf([makeRebalance({}, {}, 2), ending], communityOf('Off'))[0]).toBe(ending)
  const { findings } = describeWaiting(ending, makeRebalance({}, {}, 2))
  expect(findings[0]).toMatchObject({
    reason: 'AnotherOpen',
    message: expect.stringMatching(
      /^garden-r2 is open, and ends the moves that were begun before as well: this one is over when none is under way and that is Done, or deleted\. /,
    ),
  })
})

test('no seats are made or kept for it, and members who have to move get a Rebalance beside it unless it is stopped', () => {
  const made = (rebalances: readonly Rebalance[], mode: string) =>
    steps(
      makeSnapshot({
        community: communityOf(mode),
        directory: known(
          makeFacts({
            instances: [makeRow(1, { cap: 4, taken: 6 }), makeRow(2, { cap: 4, taken: 1 })],
            moving: 1,
          }),
        ),
        rebalances,
      }),
    ).flatMap((step) =>
      step.do === 'create' && step.object.kind === 'Rebalance' ? [Object(step.object.spec)] : [],
    )
  for (const mode of ['Auto', 'Manual']) {
    expect(made([unfinished({ approved: mode === 'Auto' }, { phase: 'Moving' })], mode)).toMatchObject([
      { reason: 'Overflow', approved: mode === 'Auto' },
    ])
    expect(made([unfinished({ stopped: true }, { phase: 'Stopped' })], mode)).toEqual([])
  }
  expect(made([unfinished({}, { phase: 'Moving' })], 'Off')).toEqual([])
  const byHand = makeByHand('mend', { reason: 'Unfinished', approved: true })
  expect([movesOf(communityOf('Off'), [byHand]), movesOf(communityOf('Manual'), [byHand])]).toEqual([
    'Off',
    'Waiting',
  ])
  expect(
    decide(
      makeSnapshot({ community: communityOf('Manual'), rebalances: [unfinished({}, { phase: 'Proposed' })] }),
    ).awaitingApproval,
  ).toBe(0)
})
