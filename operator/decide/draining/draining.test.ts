import { expect, test } from 'vitest'
import { makeInstance, NOW } from '../../testing/snapshots/community.ts'
import { changes, created, decide, everywhere, steps } from '../../testing/snapshots/decided.ts'
import { type Emptying, emptyingSnapshot, moved, said } from '../../testing/snapshots/emptying.ts'
import type { CommunitySnapshot, DirectoryInstance } from '../snapshot.ts'
import { RETIRE_COOL_MS } from './draining.ts'

const rebalance = (given: Emptying) =>
  steps(emptyingSnapshot(given)).flatMap((step) =>
    step.do === 'create' && step.object.kind === 'Rebalance' ? [Object(step.object.spec)] : [],
  )

test('whoever is named is emptied, by a Rebalance once the directory has it, and takes people in again when it is not', () => {
  const rows = [{ taken: 2 }, { taken: 1 }]
  expect(moved({ rows, drain: [2] })).toEqual([{ change: 'drain', ordinal: 2, cause: 'Asked' }])
  expect(rebalance({ rows, drain: [2] })).toEqual([])
  const going = [{ taken: 2 }, { taken: 1, state: 'Draining' as const }]
  expect(moved({ rows: going, drain: [2] })).toEqual([])
  expect(rebalance({ rows: going, drain: [2] })).toMatchObject([{ reason: 'Draining', approved: true }])
  expect(rebalance({ rows: going, drain: [2], rebalance: { mode: 'Manual' } })).toMatchObject([
    { approved: false },
  ])
  expect(said({ rows: going, drain: [2] }, 'Drained')).toMatchObject({
    status: 'False',
    reason: 'Draining',
    message: 'garden-2 is being emptied',
  })
  expect(decide(emptyingSnapshot({ rows: going, drain: [2] })).counts).toMatchObject({
    draining: 1,
    free: 2,
    instances: 2,
  })
  expect(moved({ rows: going })).toEqual([{ change: 'reopen', ordinal: 2 }])
  // Nobody is moved, but nobody comes either.
  const off = { rows: going, drain: [2], rebalance: { mode: 'Off' } }
  expect([rebalance(off), moved(off)]).toEqual([[], []])
  expect(said(off, 'Drained')?.reason).toBe('RebalanceOff')
})

test('its Instance is told what the directory says, and one that was deleted by hand is made again as it was', () => {
  const told = (snapshot: CommunitySnapshot) =>
    steps(snapshot).flatMap((step) =>
      step.do === 'apply' && step.object.kind === 'Instance' ? [Object(step.object.spec)] : [],
    )
  const snapshot = emptyingSnapshot({ rows: [{}, { state: 'Draining' }], drain: [2] })
  const instances = [makeInstance(1, { cap: 4 }), makeInstance(2, { cap: 4, state: 'Active' })]
  expect(told({ ...snapshot, instances }).find(({ ordinal }) => ordinal === 2)).toMatchObject({
    state: 'Draining',
  })
  expect(
    told({ ...snapshot, instances: instances.slice(0, 1) }).find(({ ordinal }) => ordinal === 2),
  ).toMatchObject({ state: 'Draining' })
  const retired = emptyingSnapshot({ rows: [{}, { state: 'Retired' }] })
  expect(created(retired)).toEqual([])
})

test('the last one that takes members goes on until another does, which is opened for that if it may be', () => {
  const alone = { rows: [{ taken: 2 }], drain: [1] }
  expect(moved(alone)).toEqual([])
  expect(created(emptyingSnapshot(alone))).toEqual([2])
  expect(said(alone, 'Drained')).toMatchObject({ reason: 'InstanceStarting' })
  const opening = { rows: [{ taken: 2 }, { state: 'Opening' as const }], drain: [1] }
  expect([moved(opening), created(emptyingSnapshot(opening))]).toEqual([[], []])
  // One that was lived in, by whatever older copy of the directory says that it opens.
  const early = { rows: [{ taken: 2 }, { state: 'Opening' as const, used: true }], drain: [2] }
  expect([moved(early), said(early, 'Drained')?.message]).toEqual([
    [],
    expect.stringContaining('is being opened'),
  ])
  expect(moved({ rows: [{ taken: 2 }, {}], drain: [1] })).toMatchObject([{ change: 'drain', ordinal: 1 }])
  const most = { ...alone, maxInstances: 1 }
  expect([moved(most), created(emptyingSnapshot(most))]).toEqual([[], []])
  expect(said(most, 'Drained')).toMatchObject({
    reason: 'MaxInstancesReached',
    message: expect.stringContaining('spec.seats.maxInstances 1: raise it'),
  })
})

test('an ordinal that there is not is told with the remedy; one that is gone already is fine', () => {
  const rows = [{}, { state: 'Retired' as const }]
  expect(said({ rows, drain: [7] }, 'Drained')).toMatchObject({
    status: 'False',
    reason: 'InvalidSpec',
    message: expect.stringMatching(
      /^spec.drain: there is no instance garden-7, and none is opened of that name as long as it is named here: correct it, or take it out/,
    ),
  })
  expect(said({ rows, drain: [2] }, 'Drained')).toMatchObject({ status: 'True' })
})

test('no instance is opened under an ordinal that is to be emptied, whatever is seen', () => {
  const full = [{ taken: 4 }]
  expect(created(emptyingSnapshot({ rows: full, drain: [2, 3] }))).toEqual([4])
  // Nothing is given up for good by naming it.
  const counted = (drain: readonly number[]) =>
    steps(emptyingSnapshot({ rows: full, drain })).find(
      (step) => step.do === 'patch' && step.kind === 'configMap',
    )
  expect(counted([2, 3])).toMatchObject({ patch: { data: { 'next-ordinal': '5' } } })
  expect(
    steps(emptyingSnapshot({ rows: [{}], drain: [2, 3] })).filter((step) => step.do === 'patch'),
  ).toEqual([])
  everywhere((snapshot) => {
    const rows = snapshot.directory.state === 'known' ? snapshot.directory.facts?.instances : []
    for (const ordinal of created(snapshot))
      if (!rows?.some((row) => row.ordinal === ordinal))
        expect(snapshot.community.spec.drain).not.toContain(ordinal)
  })
})

test('one that has not been opened goes unopened, whatever became of its database, if nobody ever had to do with it', () => {
  const rows = (row: Partial<DirectoryInstance> = {}) => [
    { taken: 2 },
    { state: 'Opening' as const, ...row },
    { taken: 1 },
  ]
  const asked = (row?: Partial<DirectoryInstance>) => emptyingSnapshot({ rows: rows(row), drain: [2] })
  const retires = (snapshot: CommunitySnapshot) =>
    changes(snapshot).filter(({ change }) => change === 'retire' || change === 'activate')
  const gone = [{ change: 'retire', ordinal: 2 }]
  // Neither its pod nor its database is asked.
  const missing = makeInstance(2, { cap: 4, serving: false })
  const instances = [makeInstance(1, { cap: 4 }), missing, makeInstance(3, { cap: 4 })]
  expect(retires({ ...asked(), instances })).toEqual(gone)
  expect(retires(asked())).toEqual(gone)
  expect(retires(emptyingSnapshot({ rows: rows() }))).not.toContainEqual(gone[0])
  for (const row of [{ used: true }, { taken: 1 }, { taken: 1, leaving: 1 }])
    expect(retires(asked(row))).not.toContainEqual(gone[0])
  // What it said of itself is heard.
  const lived = { ...missing, status: { ...missing.status, members: 1 } }
  expect(retires({ ...asked(), instances: [...instances.filter((one) => one !== missing), lived] })).toEqual(
    [],
  )
  // Its own silence is no answer that is waited for; that of another may hide that the directory went back.
  const silent = (ordinal: number) => ({
    ...asked(),
    instances,
    regression: { regressed: false, silent: [{ ordinal, message: 'its database is empty' }] },
  })
  expect(retires(silent(2))).toEqual(gone)
  expect(retires(silent(3))).toEqual([])
  // Two of which each would wait for the other.
  const two = emptyingSnapshot({
    rows: [{ taken: 2 }, { state: 'Opening' }, { state: 'Opening' }],
    drain: [2, 3],
  })
  expect(retires({ ...two, regression: silent(3).regression })).toEqual([
    ...gone,
    { change: 'retire', ordinal: 3 },
  ])
  expect(decide(silent(3)).findings.find(({ type }) => type === 'Drained')).toMatchObject({
    status: 'False',
    reason: 'InstanceStarting',
    message:
      'garden-2 has not been opened, and goes when the databases of all others answer (not yet: garden-3)',
  })
})

test('the only one, named before it was opened, goes as well, and another is opened', () => {
  const only = emptyingSnapshot({ rows: [{ state: 'Opening' }], drain: [1] })
  expect(changes(only)).toContainEqual({ change: 'retire', ordinal: 1 })
  expect(created(only)).toEqual([2])
})

test('where there are too few seats for the members of those that are emptied, one is opened first', () => {
  const rows = [{ taken: 4 }, { taken: 2, state: 'Draining' as const }]
  expect(rebalance({ rows, drain: [2] })).toEqual([])
  expect(created(emptyingSnapshot({ rows, drain: [2] }))).toEqual([3])
  const most = { rows, drain: [2], maxInstances: 2 }
  expect(said(most, 'Balanced')).toMatchObject({
    reason: 'MaxInstancesReached',
    message: expect.stringContaining('are to be emptied'),
  })
})

test('retired is only what is empty by the directory and by its own database, and for long enough', () => {
  const empty = { state: 'Draining' as const, stateSince: NOW - RETIRE_COOL_MS }
  const retires = (row: Partial<DirectoryInstance>, drained = [2]) =>
    moved({ rows: [{}, { ...empty, ...row }], drain: [2], drained }).length > 0
  expect(moved({ rows: [{}, empty], drain: [2], drained: [2] })).toEqual([{ change: 'retire', ordinal: 2 }])
  expect(retires({}, [])).toBe(false)
  expect(retires({ taken: 1 })).toBe(false)
  expect(retires({ taken: 1, leaving: 1 })).toBe(false)
  expect(retires({ stateSince: NOW - RETIRE_COOL_MS + 1 })).toBe(false)
  expect(retires({ movedAt: NOW - RETIRE_COOL_MS + 1 })).toBe(false)
  expect(retires({ movedAt: NOW - RETIRE_COOL_MS })).toBe(true)
  // Asked about for an older state of it, it may have meant nothing.
  const snapshot = emptyingSnapshot({ rows: [{}, empty], drain: [2] })
  const stale = makeInstance(2, { cap: 4, state: 'Draining', drained: true, generation: 2, observed: 1 })
  expect(changes({ ...snapshot, instances: [makeInstance(1, { cap: 4 }), stale] })).not.toContainEqual({
    change: 'retire',
    ordinal: 2,
  })
  const soon = emptyingSnapshot({
    rows: [{}, { ...empty, stateSince: NOW - 55_000 }],
    drain: [2],
    drained: [2],
  })
  expect(decide(soon).requeueAfterMs).toBeLessThanOrEqual(5_100)
})

test('never the last, never with members, never on a guess: whatever is seen', () => {
  everywhere((snapshot) => {
    const facts = snapshot.directory.state === 'known' ? snapshot.directory.facts : undefined
    const left = new Set(
      (facts?.instances ?? []).flatMap(({ state, ordinal }) => (state === 'Active' ? [ordinal] : [])),
    )
    for (const one of changes(snapshot)) {
      const row =
        'ordinal' in one ? facts?.instances.find(({ ordinal }) => ordinal === one.ordinal) : undefined
      if (one.change === 'reopen') left.add(one.ordinal)
      if (one.change === 'drain' && row?.state === 'Active') {
        left.delete(row.ordinal)
        expect(left.size).toBeGreaterThan(0)
      }
      if (one.change !== 'retire') continue
      if (row?.state === 'Opening') {
        expect(row).toMatchObject({ used: false, taken: 0, leaving: 0 })
        expect(snapshot.community.spec.drain).toContain(row.ordinal)
        expect(snapshot.regression.regressed).toBe(false)
        const others = snapshot.regression.silent.filter(
          ({ ordinal }) => facts?.instances.find((other) => other.ordinal === ordinal)?.state !== 'Opening',
        )
        expect(others).toEqual([])
        continue
      }
      expect(row).toMatchObject({ state: 'Draining', taken: 0, leaving: 0 })
      const instance = snapshot.instances.find(({ spec }) => spec.ordinal === one.ordinal)
      const drained = instance?.status.conditions?.find(({ type }) => type === 'Drained')
      expect(drained).toMatchObject({ status: 'True', observedGeneration: instance?.metadata.generation })
    }
  })
})
