// Rebalances of people and of the operator in any mixture: at most one of a community is worked on, and all get their turn.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Community, Rebalance } from '../../api/objects.ts'
import { rebalancePhases, rebalanceSpec } from '../../api/rebalance.ts'
import { makeCommunity, makeSnapshot } from '../../testing/snapshots/community.ts'
import { steps } from '../../testing/snapshots/decided.ts'
import {
  makeByHand,
  makeMoves,
  makeRebalance,
  makeRebalanceSnapshot,
} from '../../testing/snapshots/rebalance.ts'
import { decideRebalance } from './decide.ts'
import { makePlan } from './plan/plan.ts'
import { describeWaiting } from './status.ts'
import { awaitingApproval, inTheWay, isByHand, isHeldByMode, movesOf, openOf, turnOf } from './turn.ts'

const communityOf = (mode: string) => makeCommunity({ seats: { perInstance: 2 }, rebalance: { mode } })
const madeAt = (one: Rebalance, second: number): Rebalance => ({
  ...one,
  metadata: { ...one.metadata, creationTimestamp: `2030-01-01T00:00:0${second}Z` },
})

const some: fc.Arbitrary<Rebalance> = fc
  .record({
    byHand: fc.boolean(),
    number: fc.nat(8),
    second: fc.nat(2),
    approved: fc.boolean(),
    stopped: fc.boolean(),
    phase: fc.option(fc.constantFrom(...rebalancePhases), { nil: undefined }),
  })
  .map(({ byHand, number, second, approved, stopped, phase }) => {
    const status = phase ? { phase } : {}
    const spec = { approved, stopped }
    return madeAt(
      byHand ? makeByHand(`theirs-${number}`, spec, status) : makeRebalance(spec, status, number),
      second,
    )
  })
const mixture = fc.uniqueArray(some, { selector: ({ metadata }) => metadata.uid, maxLength: 8 })
const modes = fc.constantFrom('Auto', 'Manual', 'Off')

const workedOn = (all: readonly Rebalance[], community: Community) =>
  all.filter((one) => turnOf(one, all, community).is === 'now')
const made = (all: readonly Rebalance[], community: Community) =>
  steps(makeSnapshot({ community, rebalances: all })).filter(
    (step) => step.do === 'create' && step.object.kind === 'Rebalance',
  )

test('of any mixture exactly one that is open is worked on, and all others wait for it', () => {
  fc.assert(
    fc.property(mixture, modes, (all, mode) => {
      const community = communityOf(mode)
      const open = all.filter(({ status }) => status.phase !== 'Done')
      const [first, ...others] = workedOn(all, community)
      expect(others).toEqual([])
      expect(first !== undefined).toBe(open.length > 0)
      for (const one of open)
        if (one !== first) expect(turnOf(one, all, community)).toEqual({ is: 'after', first })
      for (const one of all) if (!open.includes(one)) expect(turnOf(one, all, community).is).toBe('never')
      // Nobody has to move: then none is made, whatever is in the way.
      expect(made(all, community)).toEqual([])
    }),
    { numRuns: 1000 },
  )
})

test('whoever has the turn keeps it once it is approved, until it is over or goes, whatever else is made meanwhile', () => {
  fc.assert(
    fc.property(
      fc.array(some, { maxLength: 12 }),
      modes,
      fc.infiniteStream(fc.nat()),
      (arriving, mode, dice) => {
        const community = communityOf(mode)
        let all: Rebalance[] = []
        let holder: string | undefined
        const phases = new Set<string>()
        for (let round = 0; round < 60; round++) {
          const next = arriving[round]
          if (next && !all.some(({ metadata }) => metadata.uid === next.metadata.uid))
            all = [...all, { ...next, status: {} }]
          // In any order, as the keys come out of the queue; each sees what the ones before it have told.
          const from = (dice.next().value ?? 0) % Math.max(1, all.length)
          for (const { metadata } of [...all.slice(from), ...all.slice(0, from)]) {
            const one = all.find((other) => other.metadata.uid === metadata.uid) as Rebalance
            const turn = turnOf(one, all, community)
            if (turn.is === 'never') continue
            if (turn.is === 'now') {
              // One that the mode holds for good lets those of people pass, one that is not approved those that are.
              const kept = all.find((other) => other.metadata.uid === holder)
              if (kept && !isHeldByMode(kept, community))
                expect([kept.metadata.uid === metadata.uid, kept.spec.approved]).not.toEqual([false, true])
              holder = metadata.uid
            }
            const over = turn.is === 'now' && (dice.next().value ?? 0) % 3 === 0
            const phase =
              turn.is === 'after' ? 'Waiting' : over ? 'Done' : one.spec.approved ? 'Approved' : 'Proposed'
            if (over) holder = undefined
            phases.add(phase)
            all = all.map((other) =>
              other.metadata.uid === metadata.uid ? { ...other, status: { phase } } : other,
            )
          }
        }
        // Nobody is forgotten.
        expect(openOf(all, community)).toEqual([])
      },
    ),
    { numRuns: 300 },
  )
})

test('what people made counts where the mode is Off, and passes by what the operator made', () => {
  const off = communityOf('Off')
  const ours = madeAt(makeRebalance({}, { phase: 'Moving' }), 0)
  const theirs = madeAt(makeByHand('night', { approved: true }), 1)
  expect(openOf([ours, theirs], off).map(({ metadata }) => metadata.name)).toEqual(['night', 'garden-r1'])
  expect(openOf([ours, theirs], communityOf('Auto'))[0]).toBe(ours)
  expect([movesOf(off, []), movesOf(off, [ours]), movesOf(off, [ours, theirs])]).toEqual(['Off', 'Off', 'On'])
  expect(movesOf(off, [makeByHand('night')])).toBe('Off')
  expect(movesOf(communityOf('Manual'), [makeByHand('night')])).toBe('Waiting')
  expect(movesOf(communityOf('Auto'), [makeByHand('night', { approved: true, stopped: true })])).toBe(
    'Waiting',
  )

  const facts = makeMoves([2, 2], [1, 1, 1, 2])
  const plan = makePlan({ community: off, facts }, [])
  const decided = (rebalance: Rebalance) =>
    decideRebalance(makeRebalanceSnapshot(facts, { rebalance, community: off, plan }))
  expect(decided(theirs)).toMatchObject({ begin: { from: 1, to: 2 }, counts: { planned: 1, left: 1 } })
  expect(decided(ours).begin).toBeUndefined()
  expect(decided(ours).findings[0]).toMatchObject({ type: 'Ready', reason: 'RebalanceOff' })
})

test('what nobody has approved lets what is approved pass, whoever made which', () => {
  const first = (...all: readonly Rebalance[]) => openOf(all, communityOf('Manual'))[0]?.metadata.name
  const ours = madeAt(makeRebalance({ approved: false }, { phase: 'Proposed' }), 0)
  const theirs = madeAt(makeByHand('night', {}, { phase: 'Proposed' }), 1)
  expect(first(theirs, ours)).toBe('garden-r1')
  expect(first(ours, madeAt(makeByHand('day', { approved: true }), 2))).toBe('day')
  expect(first(theirs, madeAt(makeRebalance(), 2))).toBe('garden-r1')
  // Approved a moment after it was passed by: what was begun meanwhile goes on.
  const approved = { ...theirs, spec: { ...theirs.spec, approved: true } }
  expect(first(approved, madeAt(makeRebalance({}, { phase: 'Moving' }), 2))).toBe('garden-r1')
})

test('with Auto a plan that is only to be approved is in no way of the next one, but what was stopped is', () => {
  const waits = (mode: string, one: Rebalance) => {
    const community = communityOf(mode)
    return [inTheWay(community, [one])?.metadata.name, movesOf(community, [one])]
  }
  const theirs = makeByHand('night', {}, { phase: 'Proposed' })
  const stopped = { ...theirs, spec: { ...theirs.spec, stopped: true } }
  expect(waits('Auto', theirs)).toEqual([undefined, 'On'])
  // Proposed while the mode was Manual.
  expect(waits('Auto', makeRebalance({ approved: false }, { phase: 'Proposed' }))).toEqual([undefined, 'On'])
  expect(waits('Auto', stopped)).toEqual(['night', 'Waiting'])
  expect(waits('Auto', makeRebalance({ stopped: true }, { phase: 'Stopped' }))).toEqual([
    'garden-r1',
    'Waiting',
  ])
  expect(waits('Manual', theirs)).toEqual(['night', 'Waiting'])
  expect(waits('Off', theirs)).toEqual(['night', 'Off'])
  // Also behind one that is not in the way.
  const behind = madeAt(makeByHand('day', { stopped: true }), 1)
  expect(inTheWay(communityOf('Auto'), [madeAt(theirs, 0), behind])).toBe(behind)
})

test('it awaits approval once there is a plan to look at, until somebody says yes or no', () => {
  const community = communityOf('Manual')
  const awaits = (
    spec: Partial<Rebalance['spec']>,
    phase: 'Waiting' | 'Proposed' | 'Stopped' | undefined,
  ) => {
    const one = makeRebalance({ approved: false, ...spec }, phase ? { phase } : {})
    return awaitingApproval(community, [one]) === one
  }
  expect(awaits({}, 'Proposed')).toBe(true)
  expect(awaits({}, undefined)).toBe(false)
  expect(awaits({ approved: true }, 'Proposed')).toBe(false)
  expect(awaits({ stopped: true }, 'Proposed')).toBe(false)
  const passed = makeByHand('night', {}, { phase: 'Proposed' })
  expect(awaitingApproval(community, [passed, makeRebalance()])).toBeUndefined()
})

test('what is to be approved says how many move, and how to say yes and no', () => {
  const community = communityOf('Manual')
  const facts = makeMoves([2, 2], [1, 1, 1, 2])
  const said = (rebalance: Rebalance, planned = true) => {
    const plan = planned ? makePlan({ community, facts }, []) : ({ is: 'none' } as const)
    const { findings } = decideRebalance(makeRebalanceSnapshot(facts, { rebalance, community, plan }))
    return findings.find(({ type }) => type === 'Ready')
  }
  const yes = `approve it with \`kubectl -n town patch rebalance garden-r1 --type merge -p '{"spec":{"approved":true}}'\``
  expect(said(makeRebalance({ approved: false }))).toEqual({
    type: 'Ready',
    status: 'False',
    reason: 'ApprovalMissing',
    message: `a plan of one move waits for approval, and nobody is moved before: ${yes}, or refuse it with \`kubectl -n town patch rebalance garden-r1 --type merge -p '{"spec":{"stopped":true}}'\``,
  })
  expect(said(makeRebalance({ approved: false }), false)?.message).toMatch(
    /^it waits for approval, .*approve it/,
  )
  // Deleted, one of the operator's own would only come back.
  expect(said(makeByHand('night'))?.message).toMatch(
    /or refuse it with `kubectl -n town delete rebalance night`$/,
  )
})

test('one that came with a change of spec.drain is not over before the directory has that', () => {
  const community = makeCommunity({ seats: { perInstance: 4 }, drain: [2] })
  const decided = (state: 'Active' | 'Draining', rebalance: Rebalance) => {
    const facts = makeMoves([4, 4], [1, 2])
    const instances = facts.instances.map((row) => (row.ordinal === 2 ? { ...row, state } : row))
    const plan = makePlan({ community, facts: { ...facts, instances } }, [])
    return decideRebalance(makeRebalanceSnapshot({ ...facts, instances }, { rebalance, community, plan }))
  }
  const theirs = makeByHand('night', { approved: true })
  const early = decided('Active', theirs)
  expect(early.counts.phase).toBe('Approved')
  expect(early.findings[0]).toMatchObject({
    reason: 'Draining',
    message: expect.stringContaining('garden-2 is to be emptied, and is not yet'),
  })
  expect(decided('Draining', theirs).begin).toMatchObject({ from: 2, to: 1 })
  expect(decided('Active', makeRebalance()).counts.phase).toBe('Done')
})

test("one that bears marks of an earlier Community of the name is nobody's, another Community's is not looked at", () => {
  const community = communityOf('Auto')
  const ours = makeRebalance()
  const earlier = {
    ...ours,
    metadata: {
      ...ours.metadata,
      labels: { ...ours.metadata.labels, 'hamlet.coop/community-uid': 'before' },
      ownerReferences: ours.metadata.ownerReferences?.map((owner) => ({ ...owner, uid: 'before' })) ?? [],
    },
  }
  expect(isByHand(makeByHand('night'), community)).toBe(true)
  expect(isByHand(ours, community)).toBe(false)
  expect(openOf([earlier, makeByHand('night', { community: 'orchard' })], community)).toEqual([])
})

test('whoever waits names the other, and what was told of it before stays', () => {
  const waiting = makeByHand('night', {}, { planned: 4, moved: 1, left: 3, phase: 'Approved' })
  const { findings, counts } = describeWaiting(waiting, makeRebalance({}, {}, 3))
  expect(counts).toEqual({ planned: 4, moved: 1, left: 3, phase: 'Waiting' })
  expect(findings).toEqual([
    expect.objectContaining({
      type: 'Ready',
      status: 'False',
      reason: 'AnotherOpen',
      message: expect.stringMatching(/^garden-r3 is open, .*`kubectl -n town describe rebalance garden-r3`$/),
    }),
    expect.objectContaining({ type: 'Planned', status: 'Unknown' }),
    expect.objectContaining({ type: 'Progressing', status: 'False', reason: 'AnotherOpen' }),
  ])
})

test('one with nothing to do is over at once, approved or not, and says so plainly', () => {
  const community = communityOf('Auto')
  const facts = makeMoves([2, 2], [1, 1, 2])
  const decided = (rebalance: Rebalance, done = 0) => {
    const state = makePlan({ community, facts, forWishes: true }, [])
    return decideRebalance(makeRebalanceSnapshot({ ...facts, done }, { rebalance, community, plan: state }))
  }
  const said = decided(makeByHand('night'))
  expect(said.counts).toMatchObject({ phase: 'Done', planned: 0, moved: 0, left: 0 })
  expect(said.findings[0]).toMatchObject({ type: 'Ready', status: 'True', reason: 'Settled' })
  expect(said.findings[0]?.message).toContain('there was nothing to do')
  expect(decided(makeByHand('night'), 2).findings[0]?.message).toBe('nobody has to move any more')
  expect(decided(makeRebalance({ reason: 'Unfinished' })).findings[0]?.message).toBe(
    'no move is under way any more',
  )
  // The least that somebody may write.
  expect(rebalanceSpec.parse({ community: 'garden' })).toEqual({
    community: 'garden',
    reason: 'Asked',
    approved: false,
    stopped: false,
  })
})
