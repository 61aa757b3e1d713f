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
import type { HomeFacts, InstanceSnapshot, Leftovers } from '../snapshot.ts'
import { decideInstance } from './decide.ts'

const NONE: Leftovers = { moves: 0, intake: 0, spool: 0, deliveries: 0, sinceLeft: null }
const empty: HomeFacts = { identity, cap: 300, residents: 0, leftovers: NONE }
const DAY = 86_400_000

const object = (kind: string): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { ...owned(makeOwner(), 'garden-1'), namespace: 'town', uid: kind },
})
const live = {
  ...makeSnapshot().live,
  secret: object('Secret'),
  deployment: object('Deployment'),
  service: object('Service'),
}
const retired = (given: Partial<InstanceSnapshot> = {}) =>
  makeSnapshot({
    instance: makeInstance(1, { state: 'Retired' }),
    database: known<HomeFacts>(empty),
    owed: 0,
    live,
    ...given,
  })
const told = (steps: readonly Step[]) =>
  steps.map((step) => (step.do === 'delete' ? `delete ${step.object.kind}` : step.do))
const does = (snapshot: InstanceSnapshot) => decideInstance(snapshot)?.groups.map(told)

test('first the pod, then the database, then the Secret and the object itself', () => {
  expect(does(retired())).toEqual([['delete Deployment', 'delete Service']])
  const without = { ...live, deployment: undefined, service: undefined }
  // A pod that still ends may write.
  expect(does(retired({ live: without, pods: [object('Pod')] }))).toEqual([])
  const last = [['patch'], ['retireDatabase'], ['delete Secret'], ['delete Instance']]
  expect(does(retired({ live: without }))).toEqual(last)
  const keep = (deletionPolicy: string) =>
    decideInstance(retired({ live: without, community: makeCommunity({ deletionPolicy }) }))?.groups[1]
  expect(keep('Retain')).toEqual([{ do: 'retireDatabase', name: 'garden_x_1', keep: true }])
  expect(keep('Delete')).toEqual([{ do: 'retireDatabase', name: 'garden_x_1', keep: false }])
  // Noted before its data is gone: a directory that is restored to before still knows.
  expect(decideInstance(retired({ live: without }))?.groups[0]).toMatchObject([
    { do: 'patch', kind: 'configMap', patch: { data: { 'retired-1': 'true' } } },
  ])
  const noted = makeClaim({ retired: new Set([1]) })
  expect(does(retired({ live: without, claim: noted }))).toEqual(last.slice(1))
  // Killed in between, it goes on from there.
  const gone = { ...known<HomeFacts>(undefined), there: false, identified: undefined }
  expect(does(retired({ live: { ...without, secret: undefined }, database: gone, claim: noted }))).toEqual([
    ['delete Instance'],
  ])
})

test('whatever is seen, nothing is removed where somebody lives, something is left, or nobody could look', () => {
  const facts = fc.record({
    identity: fc.constantFrom(identity, { ...identity, ordinal: 2 }, undefined),
    cap: fc.constant(300),
    residents: fc.constantFrom(undefined, 0, 0, 1),
    leftovers: fc.constantFrom(
      undefined,
      NONE,
      NONE,
      ...(['moves', 'intake', 'spool', 'deliveries'] as const).map((key) => ({ ...NONE, [key]: 1 })),
    ),
  })
  const database = fc.oneof(
    fc.constant({
      state: 'unknown' as const,
      refusal: { reason: 'DatabaseUnreachable' as const, message: '' },
    }),
    knownStates(facts),
  )
  fc.assert(
    fc.property(
      database,
      fc.constantFrom('Active' as const, 'Draining' as const, 'Retired' as const),
      fc.constantFrom(undefined, 0, 0, 1),
      fc.boolean(),
      fc.constantFrom('Retain', 'Delete'),
      fc.boolean(),
      (found, state, owed, paused, deletionPolicy, running) => {
        const snapshot = retired({
          instance: makeInstance(1, { state }),
          community: makeCommunity({ paused, deletionPolicy }),
          database: found,
          owed,
          live: running ? live : { ...live, deployment: undefined, service: undefined },
        })
        const removes = (decideInstance(snapshot)?.groups.flat() ?? []).filter(
          (step) => step.do === 'delete' || step.do === 'retireDatabase',
        )
        if (removes.length === 0) return
        expect([state, paused, found.state]).toEqual(['Retired', false, 'known'])
        if (found.state !== 'known' || !found.there) return
        if (found.identified === false)
          expect(removes).not.toContainEqual(expect.objectContaining({ keep: false }))
        else expect([found.facts, owed]).toEqual([empty, 0])
      },
    ),
    { numRuns: 1000 },
  )
})

test('a database that does not say whose it is stays, and holds up nothing', () => {
  const without = { ...live, deployment: undefined, service: undefined }
  const database = { ...known<HomeFacts>(undefined), identified: false }
  expect(does(retired({ database }))).toEqual([['delete Deployment', 'delete Service']])
  for (const made of [['directory', '1'], ['directory']])
    for (const deletionPolicy of ['Retain', 'Delete']) {
      const community = makeCommunity({ deletionPolicy })
      const claim = makeClaim({ made: new Set(made) })
      expect(decideInstance(retired({ live: without, database, community, claim }))?.groups).toMatchObject([
        [{ do: 'patch' }],
        [{ do: 'retireDatabase', name: 'garden_x_1', keep: true }],
        [{ do: 'delete' }],
        [{ do: 'delete', object: { kind: 'Instance' } }],
      ])
    }
})

test('Drained says what is waited for, of an instance that is to be emptied', () => {
  const drained = (
    facts: Partial<HomeFacts>,
    owed: number | undefined = 0,
    spec: { readonly rebalance?: object } = {},
  ) =>
    decideInstance(
      makeSnapshot({
        instance: makeInstance(1, { state: 'Draining' }),
        community: makeCommunity(spec),
        database: known<HomeFacts>({ ...empty, ...facts }),
        owed,
      }),
    )?.findings.find(({ type }) => type === 'Drained')
  expect(drained({})).toMatchObject({ status: 'True', reason: 'Empty' })
  expect(drained({ residents: 3 })).toMatchObject({
    status: 'False',
    reason: 'Occupied',
    message: '3 members live here',
  })
  for (const key of ['moves', 'intake', 'spool', 'deliveries'])
    expect(drained({ leftovers: { ...NONE, [key]: 1 } })).toMatchObject({
      status: 'False',
      reason: 'Occupied',
    })
  expect(drained({}, 1)).toMatchObject({ status: 'False', reason: 'Occupied' })
  expect(drained({ leftovers: undefined })).toMatchObject({ status: 'Unknown' })
  const left = (days: number) => ({ leftovers: { ...NONE, sinceLeft: days * DAY } })
  expect(drained(left(29.9))).toMatchObject({ status: 'False', reason: 'Kept' })
  expect(drained(left(30))).toMatchObject({ status: 'True' })
  expect(drained(left(0), 0, { rebalance: { retireAfterDays: 0 } })).toMatchObject({ status: 'True' })
  const active = decideInstance(makeSnapshot({ database: known<HomeFacts>(empty) }))
  expect(active?.findings.some(({ type }) => type === 'Drained')).toBe(false)
})
