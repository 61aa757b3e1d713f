import { expect, test } from 'vitest'
import { PATIENCE_MS, PATIENCE_TRIES } from '../../rebalance/drive/patience.ts'
import { makeCommunity, NOW } from '../../testing/snapshots/community.ts'
import { id, makeMoves, makeRebalance, makeRebalanceSnapshot } from '../../testing/snapshots/rebalance.ts'
import { decideRebalance } from './decide.ts'
import type { MovesFacts, OpenMove, TroubleFacts } from './facts.ts'
import { makePlan } from './plan/plan.ts'

const community = makeCommunity({ seats: { perInstance: 6 }, rebalance: { maxMovesPerHour: 1000 } })
const trouble = (given: Partial<TroubleFacts> = {}): TroubleFacts => ({
  step: 'copied',
  ordinal: 2,
  verb: 'catch-up',
  answer: '500',
  since: NOW - 60_000,
  tries: 7,
  ...given,
})
const long = { since: NOW - PATIENCE_MS, tries: PATIENCE_TRIES + 1 }
const open = (index: number, step: string, held: TroubleFacts | null): OpenMove => ({
  id: String(index),
  memberId: id(index),
  source: 1,
  target: 2,
  step,
  mine: true,
  trouble: held,
})
/** Nine at the first, of six seats, and room at the second and the third. */
const town = (moves: readonly OpenMove[], more: Partial<MovesFacts> = {}) =>
  makeMoves([6, 6, 6], [1, 1, 1, 1, 1, 1, 1, 1, 1], { open: moves, ...more })
const decide = (facts: MovesFacts, given: Parameters<typeof makeRebalanceSnapshot>[1] = {}) =>
  decideRebalance(
    makeRebalanceSnapshot(facts, { community, plan: makePlan({ community, facts }, []), ...given }),
  )
const said = ({ findings }: ReturnType<typeof decide>, type: string) =>
  findings.find((finding) => finding.type === type)

test('what a home does not do is told by its name, with the step and where to look, and told from silence', () => {
  const failing = decide(town([open(0, 'copied', trouble())]))
  expect(said(failing, 'Ready')).toMatchObject({ status: 'False', reason: 'InstanceFailing' })
  const { message } = said(failing, 'Ready') ?? {}
  for (const part of [
    'garden-2 answers 500 to catch-up',
    'step copied',
    'logs deployment/garden-2',
    '15 minutes',
  ])
    expect(message).toContain(part)
  const silent = decide(town([open(0, 'copied', trouble({ answer: null }))]))
  expect(said(silent, 'Ready')).toMatchObject({ status: 'False', reason: 'NotAnswering' })
  expect(said(silent, 'Ready')?.message).toContain('garden-2 gives no answer')
})

test('after the switch, and while it is undone, it says that this is the only way', () => {
  for (const [step, word] of [
    ['switched', 'only go forward'],
    ['undoing', 'being undone'],
  ] as const) {
    const decision = decide(town([open(0, step, trouble({ step, ...long }))]))
    expect(said(decision, 'Ready')?.message).toContain(word)
    expect(decision).toMatchObject({ drive: ['0'], abandon: [] })
    expect(decision.counts.phase).not.toBe('Done')
  }
})

test('a moment is not told, and of several moves the one that waits longest is', () => {
  expect(said(decide(town([open(0, 'copied', trouble({ tries: 2 }))])), 'Ready')?.reason).toBe('Moving')
  const two = [open(0, 'copied', trouble()), open(1, 'copied', trouble({ ordinal: 1, since: NOW - 99_000 }))]
  const both = decide(town(two))
  expect(said(both, 'Ready')?.message).toContain('garden-1 answers')
  // Nothing goes on any more; beside one that does, the Rebalance progresses.
  expect(said(both, 'Progressing')).toMatchObject({ status: 'False', reason: 'InstanceFailing' })
  const one = decide(town([open(0, 'copied', trouble()), open(1, 'copied', null)]))
  expect(said(one, 'Progressing')).toMatchObject({ status: 'True', reason: 'Moving' })
})

test('nobody waits behind a move that can only end where it is, until a home has several of them', () => {
  const stuck = (index: number, step: string) => open(index, step, trouble({ step, ...long }))
  // Of these the driver gives up the first, and the second may end at any moment.
  expect(
    decide(town([stuck(0, 'copied'), open(1, 'undoing', trouble({ step: 'undoing' }))])).begin,
  ).toBeUndefined()
  expect(decide(town([stuck(0, 'switched'), open(1, 'copied', null)])).begin).toBeDefined()
  for (const ordinal of [1, 2]) {
    const both = ['switched', 'undoing'].map((step, n) => open(n, step, trouble({ step, ordinal, ...long })))
    const facts = makeMoves([6, 6], [1, 1, 1, 1, 1, 1, 1, 1, 1], { open: both })
    const several = decide(facts)
    expect(several.begin).toBeUndefined()
    expect(said(several, 'Progressing')).toMatchObject({ status: 'False', reason: 'InstanceFailing' })
    // What was found elsewhere holds up nobody here.
    const apart = both.map((move, n) =>
      open(n, move.step, trouble({ step: move.step, ordinal: n + 1, ...long })),
    )
    expect(decide({ ...facts, open: apart }).begin).toBeDefined()
  }
})

test('what was undone for it is told as long as it moves, and at its end', () => {
  const failure = trouble({ verb: 'copy' })
  expect(said(decide(town([], { failure, undone: 1 })), 'Progressing')?.message).toContain(
    'garden-2 answers 500 to copy',
  )
  const over = decide(makeMoves([6, 6, 6], [1, 1, 2], { failure, undone: 1 }))
  expect(said(over, 'Ready')).toMatchObject({ status: 'True', reason: 'Settled' })
  expect(said(over, 'Ready')?.message).toContain('garden-2 answers 500 to copy')
})

test('while moves are not walked, what stops them is told', () => {
  const facts = town([open(0, 'switched', trouble({ step: 'switched', ...long }))])
  const paused = makeCommunity({ seats: { perInstance: 6 }, paused: true })
  expect(said(decide(facts, { community: paused }), 'Ready')?.reason).toBe('Paused')
  expect(said(decide(facts, { regressed: true }), 'Ready')?.reason).toBe('DirectoryRegressed')
  // Stopped, it is walked on all the same.
  const stopped = decide(facts, { rebalance: makeRebalance({ stopped: true }) })
  expect(said(stopped, 'Ready')?.reason).toBe('InstanceFailing')
  expect(said(stopped, 'Progressing')?.reason).toBe('Stopped')
})
