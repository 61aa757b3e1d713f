import fc from 'fast-check'
import { expect, test } from 'vitest'
import { owned } from '../../build/owned.ts'
import type { KubeObject } from '../../kube/types.ts'
import { knownStates } from '../../testing/snapshots/arbitrary.ts'
import {
  known,
  makeClaim,
  makeCommunity,
  makeInstance,
  makeOwner,
} from '../../testing/snapshots/community.ts'
import { identity, makeSnapshot } from '../../testing/snapshots/instance.ts'
import type { Step } from '../decision.ts'
import type { HomeFacts, InstanceSnapshot } from '../snapshot.ts'
import { decideInstance } from './decide.ts'

const steps = (snapshot: InstanceSnapshot): Step[] => decideInstance(snapshot)?.groups.flat() ?? []
const kinds = (snapshot: InstanceSnapshot): string[] => steps(snapshot).map((step) => step.do)

const facts = fc.record({
  identity: fc.constantFrom(
    undefined,
    identity,
    { ...identity, ordinal: 2 },
    { ...identity, domain: 'other.example' },
  ),
  cap: fc.constantFrom(undefined, 1, 5, 300),
  residents: fc.constantFrom(undefined, 0, 3, 200),
})
const snapshots = fc
  .record({
    database: fc.oneof(
      fc.constant({
        state: 'unknown' as const,
        refusal: { reason: 'DatabaseUnreachable' as const, message: 'no answer' },
      }),
      knownStates(facts),
    ),
    made: fc.boolean(),
    owned: fc.boolean(),
    deleted: fc.boolean(),
    paused: fc.boolean(),
    full: fc.boolean(),
    cap: fc.constantFrom(1, 5, 300),
  })
  .map((given) =>
    makeSnapshot({
      community: makeCommunity(
        { paused: given.paused },
        given.deleted ? { deletionTimestamp: '2030-01-01T00:00:00Z' } : {},
      ),
      claim: makeClaim({
        made: new Set(given.made ? ['1'] : []),
        ...(!given.owned && { owner: { namespace: 'town', name: 'garden', uid: 'another' } }),
      }),
      database: given.database,
      instance: makeInstance(1, { cap: given.cap }),
      server: {
        ok: true,
        endpoint: { host: 'db', port: 5432 },
        systemIdentifier: '7',
        carries: given.full ? 1 : 10,
        placed: 1,
      },
    }),
  )
const everywhere = (check: (snapshot: InstanceSnapshot) => void) =>
  fc.assert(fc.property(snapshots, check), { numRuns: 1000 })

test('a deleted Community, or one without the claim: nothing is done', () => {
  everywhere((snapshot) => {
    const ours = snapshot.claim?.owner.uid === snapshot.community.metadata.uid
    if (!snapshot.community.metadata.deletionTimestamp && ours) return
    expect(decideInstance(snapshot)).toBeUndefined()
  })
})

test('paused: nothing is done', () => {
  everywhere((snapshot) => {
    if (snapshot.community.spec.paused) expect(steps(snapshot)).toEqual([])
  })
})

test('unknown is not empty, and what was made is never made anew', () => {
  everywhere((snapshot) => {
    const { database, claim } = snapshot
    const lost = database.state === 'known' && !database.there && claim?.made.has('1')
    // Without tables, with old ones, or with ours: what does not say whose it is was put there for something else.
    const empty = database.state === 'known' && database.identified === false && claim?.made.has('1')
    if (database.state !== 'unknown' && !lost && !empty) return
    expect(kinds(snapshot)).not.toContain('makeDatabase')
    expect(kinds(snapshot)).not.toContain('identifyHome')
    expect(kinds(snapshot)).not.toContain('setCap')
  })
})

test('somebody else’s database is not touched', () => {
  everywhere((snapshot) => {
    const { database } = snapshot
    const found = database.state === 'known' ? database.facts?.identity : undefined
    if (!found || (found.ordinal === 1 && found.domain === 'garden.example')) return
    expect(
      kinds(snapshot).filter((kind) => ['makeDatabase', 'setCap', 'identifyHome'].includes(kind)),
    ).toEqual([])
  })
})

test('no database is made on a server that has no connections left for one', () => {
  everywhere((snapshot) => {
    const { database, server } = snapshot
    if (database.state !== 'known' || database.there || !server.ok || server.placed < server.carries) return
    expect(kinds(snapshot)).not.toContain('makeDatabase')
  })
})

test('the claim notes a database only when it was seen whole, and with its owner’s name in it', () => {
  everywhere((snapshot) => {
    const noted = steps(snapshot).some((step) => step.do === 'patch')
    const { database } = snapshot
    if (!noted) return
    expect(database).toMatchObject({ there: true, ready: true, pending: 0, facts: { identity } })
  })
})

test('the cap follows the wish, and settles when people stand in the way', () => {
  const caps = (cap: number, residents: number, wish: number) =>
    steps(
      makeSnapshot({
        instance: makeInstance(1, { cap: wish }),
        database: known<HomeFacts>({ identity, cap, residents }),
      }),
    ).filter((step) => step.do === 'setCap')
  expect(caps(300, 0, 5)).toMatchObject([{ cap: 5 }])
  expect(caps(5, 5, 300)).toMatchObject([{ cap: 300 }])
  expect(caps(300, 7, 5)).toMatchObject([{ cap: 5 }])
  expect(caps(7, 7, 5)).toEqual([])
})

test('the Secret is there before the pod', () => {
  const { groups } = decideInstance(
    makeSnapshot({
      database: {
        state: 'known',
        there: false,
        ready: false,
        pending: 0,
        identified: undefined,
        facts: undefined,
      },
      claim: makeClaim({ made: new Set() }),
    }),
  ) ?? { groups: [] }
  expect(groups.map((group) => group.map((step) => step.do))).toEqual([
    ['put'],
    ['makeDatabase', 'apply', 'apply'],
    ['identifyHome'],
  ])
})

test('a Deployment that an earlier Community left is waited for, and not taken over', () => {
  const deployment = (uid: string): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: owned(makeOwner(uid), 'garden-1'),
  })
  const seen = (object: KubeObject) => {
    const snapshot = makeSnapshot({ live: { ...makeSnapshot().live, deployment: object } })
    expect(steps(snapshot)).toEqual([])
    return decideInstance(snapshot)?.findings[0]
  }
  expect(seen(deployment('earlier'))).toMatchObject({
    reason: 'Starting',
    message: expect.stringContaining('of an earlier Community'),
  })
  const { ownerReferences: _, ...metadata } = deployment('earlier').metadata
  expect(seen({ ...deployment('earlier'), metadata })).toMatchObject({ reason: 'NameTaken' })
})

test('members who are missing are said to be, and given up only by the code that stands for just them', () => {
  const facts: HomeFacts = { identity, cap: 300, residents: 7, missing: { count: 2, code: 'c0de' } }
  const found = (annotation?: string) =>
    makeSnapshot({
      database: known(facts),
      community: makeCommunity(
        {},
        annotation === undefined ? {} : { annotations: { 'hamlet.coop/give-up-missing': annotation } },
      ),
    })
  const said = decideInstance(found())?.findings.find(({ type }) => type === 'MembersKnown')
  expect(said).toMatchObject({ status: 'False', reason: 'MembersMissing' })
  expect(said?.message).toContain('lacks 2 members who live here')
  expect(said?.message).toContain(
    'kubectl -n town annotate --overwrite community garden hamlet.coop/give-up-missing=c0de',
  )
  expect([kinds(found()), kinds(found('other'))].flat()).not.toContain('giveUpMissing')
  expect(steps(found('c0de')).filter((step) => step.do === 'giveUpMissing')).toEqual([
    {
      do: 'giveUpMissing',
      directory: 'garden_x_directory',
      home: { ordinal: 1, name: 'garden_x_1' },
      homes: [{ ordinal: 1, name: 'garden_x_1' }],
      code: 'c0de',
    },
  ])
})
