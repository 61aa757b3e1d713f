import { expect, test } from 'vitest'
import { deepFreeze } from '../../kube/control/store.ts'
import {
  known,
  makeClaim,
  makeCommunity,
  makeFacts,
  makeRow,
  makeSnapshot,
} from '../../testing/snapshots/community.ts'
import { changes, created, decide, everywhere, reason, steps } from '../../testing/snapshots/decided.ts'
import { makeRebalance } from '../../testing/snapshots/rebalance.ts'
import type { CommunitySnapshot } from '../snapshot.ts'
import { wantedSettings } from './directory.ts'

const mine = ({ claim, community }: CommunitySnapshot) => claim?.owner.uid === community.metadata.uid
const factsOf = ({ directory }: CommunitySnapshot) =>
  directory.state === 'known' ? directory.facts : undefined

test('the same snapshot gives the same decision, and is left as it was', () => {
  everywhere((snapshot) => {
    expect(decide(deepFreeze(snapshot))).toEqual(decide(snapshot))
  })
})

test('unknown is not empty: a directory that does not answer changes nothing of data or instances', () => {
  everywhere((snapshot) => {
    if (snapshot.directory.state !== 'unknown' || !snapshot.claim?.made.has('directory')) return
    if (snapshot.community.metadata.deletionTimestamp) return
    expect(created(snapshot)).toEqual([])
    expect(steps(snapshot).map((step) => step.do)).not.toContain('makeDatabase')
    expect(changes(snapshot)).toEqual([])
  })
})

test('a database that was made is never made anew, nor is an empty one of its name taken for it', () => {
  everywhere((snapshot) => {
    const { directory, claim, community } = snapshot
    const lost = directory.state === 'known' && (!directory.there || directory.identified === false)
    if (!lost || !claim?.made.has('directory') || !mine(snapshot)) return
    if (community.metadata.deletionTimestamp || community.spec.paused) return
    if (!snapshot.server.ok) return
    expect(steps(snapshot).map((step) => step.do)).not.toContain('makeDatabase')
    expect(changes(snapshot)).toEqual([])
    expect(reason(snapshot)).toBe('DataMissing')
  })
})

test('data is dropped only of a deleted Community, confirmed by its domain, when no object and no pod is left', () => {
  everywhere((snapshot) => {
    const { community, remains, claim } = snapshot
    const drops = steps(snapshot).some(
      (step) => step.do === 'dropDatabases' || (step.do === 'delete' && step.object.kind === 'ConfigMap'),
    )
    if (!drops) return
    expect(community.metadata.deletionTimestamp).toBeDefined()
    expect(community.spec.deletionPolicy).toBe('Delete')
    expect(community.metadata.annotations).toEqual({ 'hamlet.coop/confirm-delete': 'garden.example' })
    expect(remains).toMatchObject({ objects: [], pods: 0 })
    expect(claim?.owner.uid).toBe(community.metadata.uid)
  })
})

test('the claim outlives the data: it goes only when no database is left', () => {
  everywhere((snapshot) => {
    const unclaims = steps(snapshot).some((step) => step.do === 'delete' && step.object.kind === 'ConfigMap')
    if (unclaims) expect(snapshot.remains.databases).toBe(0)
  })
})

test('nothing but a used invitation is ever deleted while the Community lives', () => {
  everywhere((snapshot) => {
    if (snapshot.community.metadata.deletionTimestamp) return
    const deleted = steps(snapshot).filter((step) => step.do === 'delete' || step.do === 'dropDatabases')
    expect(deleted).toEqual([])
  })
})

test('an ordinal is never used again, and is counted in the claim before the directory has it', () => {
  everywhere((snapshot) => {
    const { claim, instances, community } = snapshot
    if (community.metadata.deletionTimestamp || !claim) return
    const rows = factsOf(snapshot)?.instances ?? []
    for (const ordinal of created(snapshot)) {
      const remade = rows.some((row) => row.ordinal === ordinal)
      if (!remade) expect(ordinal).toBeGreaterThanOrEqual(claim.nextOrdinal)
      expect(instances.map(({ spec }) => spec.ordinal)).not.toContain(ordinal)
    }
    const flat = steps(snapshot)
    const counted = flat.findIndex((step) => step.do === 'patch' && step.kind === 'configMap')
    const added = flat.findIndex(
      (step) => step.do === 'changeDirectory' && step.changes.some(({ change }) => change === 'addInstance'),
    )
    const beyond = changes(snapshot).some(
      (change) => change.change === 'addInstance' && change.ordinal >= claim.nextOrdinal,
    )
    if (beyond) {
      expect(counted).toBeGreaterThanOrEqual(0)
      expect(counted).toBeLessThan(added)
    }
  })
})

test('at most one instance is opened at a time, and an Instance deleted by hand is remade', () => {
  everywhere((snapshot) => {
    const facts = factsOf(snapshot)
    const remade = (facts?.instances ?? []).map(({ ordinal }) => ordinal)
    expect(created(snapshot).filter((ordinal) => !remade.includes(ordinal)).length).toBeLessThanOrEqual(1)
  })
  const gone = makeSnapshot({
    instances: [],
    directory: known(makeFacts({ instances: [makeRow(1), makeRow(2)] })),
    claim: makeClaim({ nextOrdinal: 3 }),
  })
  expect(created(gone)).toEqual([1, 2])
})

test('seats never exceed what both databases enforce', () => {
  everywhere((snapshot) => {
    const wish = snapshot.community.spec.seats.perInstance
    const rows = new Map((factsOf(snapshot)?.instances ?? []).map((row) => [row.ordinal, row]))
    const objects = new Map(snapshot.instances.map((instance) => [instance.spec.ordinal, instance]))
    for (const change of changes(snapshot)) {
      if (change.change === 'addInstance') expect(change.cap).toBeLessThanOrEqual(wish)
      if (change.change !== 'setInstance') continue
      const row = rows.get(change.ordinal)
      const instance = objects.get(change.ordinal)
      if (!row || change.cap <= row.cap) continue
      // Raised only to what the instance's own database lets in, as told for what it was told last.
      expect(change.cap).toBeLessThanOrEqual(Math.min(wish, instance?.status.cap ?? 0))
      expect(instance?.status.observedGeneration).toBe(instance?.metadata.generation)
    }
  })
})

test('a lowered cap is in the directory before the instance hears of it', () => {
  const snapshot = makeSnapshot({ community: makeCommunity({ seats: { perInstance: 5 } }) })
  const flat = steps(snapshot)
  const lowered = flat.findIndex(
    (step) => step.do === 'changeDirectory' && step.changes.some(({ change }) => change === 'setInstance'),
  )
  const told = flat.findIndex((step) => step.do === 'apply' && step.object.kind === 'Instance')
  expect(lowered).toBeGreaterThanOrEqual(0)
  expect(lowered).toBeLessThan(told)
})

test('seats are given only by an instance that serves and whose databases can be missed', () => {
  everywhere((snapshot) => {
    for (const change of changes(snapshot)) {
      if (change.change !== 'activate') continue
      const instance = snapshot.instances.find(({ spec }) => spec.ordinal === change.ordinal)
      expect(snapshot.claim?.made).toContain(String(change.ordinal))
      expect(snapshot.claim?.made).toContain('directory')
      expect(instance?.status.conditions?.find(({ type }) => type === 'Serving')?.status).toBe('True')
    }
  })
})

test('the organiser’s link: Secret, then its hash; anew if it was used in vain; gone once there is one', () => {
  const seen = (given: Parameters<typeof makeFacts>[0], token?: string) => {
    const invitation = token
      ? {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: {
            name: 'garden-invitation',
            namespace: 'town',
            labels: {
              'hamlet.coop/community': 'garden',
              'hamlet.coop/community-uid': makeCommunity().metadata.uid,
            },
          },
          data: {
            token: Buffer.from(token).toString('base64'),
            link: Buffer.from(`https://garden.example/invitation/${token}`).toString('base64'),
          },
        }
      : undefined
    const snapshot = makeSnapshot({
      directory: known(makeFacts({ organisers: 0, ...given })),
      live: { ...makeSnapshot().live, invitation },
    })
    return steps(snapshot).flatMap((step) => {
      if (step.do === 'put' && step.object.metadata.name === 'garden-invitation') return ['put']
      if (step.do === 'delete') return ['delete']
      if (step.do === 'changeDirectory')
        return step.changes.filter(({ change }) => change === 'inviteOrganiser').map(({ change }) => change)
      return []
    })
  }
  // SHA-256 of "token".
  const hash = '3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0'
  expect(seen({})).toEqual(['put', 'inviteOrganiser'])
  expect(seen({}, 'token')).toEqual(['inviteOrganiser'])
  expect(seen({ invitations: [{ hash, usesLeft: 1 }] }, 'token')).toEqual([])
  expect(seen({ invitations: [{ hash, usesLeft: 0 }], arriving: 1 }, 'token')).toEqual([])
  expect(seen({ invitations: [{ hash, usesLeft: 0 }] }, 'token')).toEqual(['put', 'inviteOrganiser'])
  expect(seen({ organisers: 1 }, 'token')).toEqual(['delete'])
  expect(seen({ organisers: 1 })).toEqual([])
})

test('a community at rest is Ready, says so, and is left alone but for what is not there', () => {
  const community = makeCommunity()
  const facts = makeFacts({ settings: wantedSettings(community) })
  const decision = decide(makeSnapshot({ community, directory: known(facts) }))
  expect(decision.findings.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True' })
  expect(decision.counts).toMatchObject({ members: 0, seats: 300, free: 300, instances: 1 })
  expect(changes(makeSnapshot({ community, directory: known(facts) }))).toEqual([])
})

test('seats are kept for members who have to move wherever somebody moves them, and newcomers are told', () => {
  const keeps = (mode: string, ...rebalances: ReturnType<typeof makeRebalance>[]) =>
    changes(makeSnapshot({ community: makeCommunity({ rebalance: { mode } }), rebalances })).flatMap((one) =>
      one.change === 'settings' ? [one.settings.keep_seats] : [],
    )
  expect([keeps('Auto'), keeps('Manual'), keeps('Off')]).toEqual([[true], [false], [false]])
  const proposed = makeRebalance({ approved: false })
  const stopped = makeRebalance({ stopped: true })
  const over = makeRebalance({ stopped: true }, { phase: 'Done' })
  expect([keeps('Manual', proposed), keeps('Manual', makeRebalance())]).toEqual([[false], [true]])
  expect([keeps('Auto', stopped), keeps('Auto', over), keeps('Off', makeRebalance())]).toEqual([
    [false],
    [true],
    [false],
  ])

  const said = (maxInstances: number, taken: number, mode = 'Auto') => {
    const community = makeCommunity({
      seats: { perInstance: 4, minFree: 1, maxInstances },
      rebalance: { mode },
    })
    const facts = makeFacts({
      settings: wantedSettings(community),
      instances: [makeRow(1, { cap: 4, taken: 5 }), makeRow(2, { cap: 4, taken })],
    })
    return decide(makeSnapshot({ community, directory: known(facts) })).findings.find(
      ({ type }) => type === 'SeatsAvailable',
    )
  }
  expect(said(2, 3)).toMatchObject({
    status: 'False',
    reason: 'MaxInstancesReached',
    message: expect.stringContaining('kept for members who have to move'),
  })
  expect(said(9, 3)).toMatchObject({ status: 'False', reason: 'InstanceStarting' })
  expect([said(2, 2), said(2, 3, 'Off')]).toMatchObject([{ status: 'True' }, { status: 'True' }])
})

test('Ready is never said without an instance that serves and a directory that answers', () => {
  everywhere((snapshot) => {
    const ready = decide(snapshot).findings.find(({ type }) => type === 'Ready')
    if (ready?.status !== 'True') return
    expect(snapshot.directory.state).toBe('known')
    expect(
      snapshot.instances.some(({ status }) =>
        status.conditions?.some((one) => one.type === 'Serving' && one.status === 'True'),
      ),
    ).toBe(true)
    expect(snapshot.community.metadata.deletionTimestamp).toBeUndefined()
  })
})
