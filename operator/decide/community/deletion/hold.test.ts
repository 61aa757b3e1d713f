import { expect, test } from 'vitest'
import { owned } from '../../../build/owned.ts'
import { makeCommunity, makeInstance, makeOwner, makeSnapshot } from '../../../testing/snapshots/community.ts'
import { decide, everywhere, holds, reason, steps } from '../../../testing/snapshots/decided.ts'
import { FINALIZER } from './hold.ts'

test('a Community is held only while its data shall go with it, and finalizers of others stay', () => {
  everywhere((snapshot) => {
    const { community, claim } = snapshot
    const had = community.metadata.finalizers ?? []
    const held = holds(snapshot)[0] ?? had
    expect(held).toContain('else.example/kept')
    if (community.metadata.deletionTimestamp) {
      // Nobody is to wait for what the cluster takes away by itself.
      if (community.spec.deletionPolicy === 'Retain') expect(held).not.toContain(FINALIZER)
      if (!had.includes(FINALIZER)) expect(steps(snapshot)).toEqual([])
      return
    }
    const wanted = community.spec.deletionPolicy === 'Delete' && claim?.owner.namespace !== 'else'
    expect(held.includes(FINALIZER)).toBe(wanted)
    // Before anything is made that would be left behind.
    if (held !== had) expect(decide(snapshot).groups[0]).toMatchObject([{ do: 'patch', kind: 'community' }])
  })
})

test('all that is made for a Community goes with it, and its data does not', () => {
  everywhere((snapshot) => {
    for (const step of steps(snapshot)) {
      if (step.do !== 'apply' && step.do !== 'put' && step.do !== 'create' && step.do !== 'issueCertificate')
        continue
      const { kind, metadata } = step.object
      if (kind === 'ConfigMap') expect(metadata.ownerReferences).toBeUndefined()
      else
        expect(metadata.ownerReferences).toMatchObject([
          { kind: 'Community', uid: snapshot.community.metadata.uid, controller: true },
        ])
    }
  })
})

test('what an earlier Community of the name left is waited for, and never taken over', () => {
  const earlier = makeOwner('earlier')
  const left = { apiVersion: 'v1', kind: 'Service', metadata: owned(earlier, 'garden') }
  const service = makeSnapshot({ live: { ...makeSnapshot().live, service: left } })
  const instance = makeSnapshot({ instances: [makeInstance(1, { owner: earlier })] })
  for (const snapshot of [service, instance]) {
    expect(steps(snapshot)).toEqual([])
    expect(decide(snapshot).findings[0]).toMatchObject({
      status: 'False',
      reason: 'Starting',
      message: expect.stringContaining('of an earlier Community'),
    })
  }
  // Cut off from their owner by hand, they stay until somebody decides.
  const { ownerReferences: _, ...kept } = left.metadata
  const orphan = makeSnapshot({ live: { ...makeSnapshot().live, service: { ...left, metadata: kept } } })
  expect(steps(orphan)).toEqual([])
  expect(reason(orphan)).toBe('NameTaken')
})

test('somebody else’s domain, a pause: nothing is done', () => {
  everywhere((snapshot) => {
    const { claim, community } = snapshot
    if (community.metadata.deletionTimestamp) return
    const taken = claim?.owner.namespace === 'else'
    if (!taken && !community.spec.paused) return
    expect(steps(snapshot).filter(({ do: what }) => what !== 'patch')).toEqual([])
    expect(steps(snapshot)).toHaveLength(holds(snapshot).length)
    if (taken) expect(reason(snapshot)).toBe('DomainTaken')
  })
})

test('the claim comes before everything else, and the object is held before the claim', () => {
  const first = (deletionPolicy: string) => {
    const community = makeCommunity({ deletionPolicy }, { finalizers: [] })
    const { groups } = decide(makeSnapshot({ claim: undefined, instances: [], community }))
    return groups.map((group) => group.map((step) => step.do))
  }
  expect(first('Delete')).toEqual([['patch'], ['create']])
  expect(first('Retain')).toEqual([['create']])
})

test('an object of that name that is not ours stops everything', () => {
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'garden', labels: {} } }
  const snapshot = makeSnapshot({ live: { ...makeSnapshot().live, service } })
  expect(steps(snapshot)).toEqual([])
  expect(reason(snapshot)).toBe('NameTaken')
})

test('a deletion without confirmation says how to confirm, and touches nothing', () => {
  const snapshot = makeSnapshot({
    community: makeCommunity({ deletionPolicy: 'Delete' }, { deletionTimestamp: '2030-01-01T00:00:00Z' }),
    remains: {
      objects: [{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'garden' } }],
      pods: 1,
      databases: 2,
    },
  })
  const decision = decide(snapshot)
  expect(decision.groups).toEqual([])
  expect(decision.findings[0]).toMatchObject({
    reason: 'ConfirmationMissing',
    message: expect.stringContaining('annotate community garden hamlet.coop/confirm-delete=garden.example'),
  })
})
