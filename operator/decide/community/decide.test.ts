import fc from 'fast-check'
import { expect, test } from 'vitest'
import { owned } from '../../build/owned.ts'
import { deepFreeze } from '../../kube/control/store.ts'
import {
  known,
  makeClaim,
  makeCommunity,
  makeFacts,
  makeInstance,
  makeOwner,
  makeRow,
  makeSnapshot,
  NOW,
  snapshots,
} from '../../testing/snapshots.ts'
import type { DirectoryChange, Step } from '../decision.ts'
import type { CommunitySnapshot } from '../snapshot.ts'
import { decideCommunity } from './decide.ts'
import { wantedSettings } from './directory.ts'
import { mustRenew } from './front.ts'
import { FINALIZER } from './hold.ts'

const decide = (snapshot: CommunitySnapshot) => decideCommunity(snapshot, NOW)
const steps = (snapshot: CommunitySnapshot): Step[] => decide(snapshot).groups.flat()
const changes = (snapshot: CommunitySnapshot): DirectoryChange[] =>
  steps(snapshot).flatMap((step) => (step.do === 'changeDirectory' ? step.changes : []))
const created = (snapshot: CommunitySnapshot): number[] =>
  steps(snapshot).flatMap((step) =>
    step.do === 'apply' && step.object.kind === 'Instance' && !step.live
      ? [Number(Object(step.object.spec).ordinal)]
      : [],
  )
const reason = (snapshot: CommunitySnapshot, type = 'Ready') =>
  decide(snapshot).findings.find((finding) => finding.type === type)?.reason
const everywhere = (check: (snapshot: CommunitySnapshot) => void) =>
  fc.assert(fc.property(snapshots, check), { numRuns: 1000 })

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

/** Every Community patch that was decided on: the finalizers that it leaves. */
const holds = (snapshot: CommunitySnapshot): string[][] =>
  steps(snapshot).flatMap((step) =>
    step.do === 'patch' && step.kind === 'community' ? [Object(Object(step.patch).metadata).finalizers] : [],
  )

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

test('nothing but a used invitation is ever deleted while the Community lives', () => {
  everywhere((snapshot) => {
    if (snapshot.community.metadata.deletionTimestamp) return
    const deleted = steps(snapshot).filter((step) => step.do === 'delete' || step.do === 'dropDatabases')
    expect(deleted).toEqual([])
  })
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

test('a certificate is made anew in time, and when it no longer fits', () => {
  const day = 86_400_000
  const leaf = { domains: ['garden.example'], notBefore: NOW, notAfter: NOW + 90 * day, byOurCa: true }
  const later = NOW + 1000 * day
  expect(mustRenew(undefined, 'garden.example', later, NOW)).toBe(true)
  expect(mustRenew(leaf, 'garden.example', later, NOW + 59 * day)).toBe(false)
  expect(mustRenew(leaf, 'garden.example', later, NOW + 61 * day)).toBe(true)
  expect(mustRenew({ ...leaf, byOurCa: false }, 'garden.example', later, NOW)).toBe(true)
  expect(mustRenew(leaf, 'other.example', later, NOW)).toBe(true)
  // Another one would end with its CA as well.
  expect(mustRenew(leaf, 'garden.example', leaf.notAfter, NOW + 61 * day)).toBe(false)
})

test('a CA that cannot sign is told of, and nothing is signed with it', () => {
  const seen = (caFacts: CommunitySnapshot['caFacts'], leaf = makeSnapshot().leaf) => {
    const snapshot = makeSnapshot({ caFacts, leaf })
    expect(steps(snapshot).map((step) => step.do)).not.toContain('issueCertificate')
    return decide(snapshot).findings.find(({ type }) => type === 'Degraded')
  }
  const expired = { secret: 'hamlet-ca', notAfter: NOW - 1, problem: undefined }
  const told = {
    status: 'True',
    reason: 'CaExpired',
    message: expect.stringContaining('put a new CA into tls.crt and tls.key'),
  }
  expect(seen(expired)).toMatchObject(told)
  expect(seen(expired, undefined)).toMatchObject(told)
  expect(seen({ secret: 'hamlet-ca', problem: 'is not there' }, undefined)).toMatchObject({
    reason: 'CertificateMissing',
    message: expect.stringContaining('Secret hamlet-ca in the namespace hamlet'),
  })
  expect(steps(makeSnapshot({ leaf: undefined })).map((step) => step.do)).toContain('issueCertificate')
})
