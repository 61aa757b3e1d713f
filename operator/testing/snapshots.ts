// Snapshots for tests of decisions: one that is at rest, and arbitrary ones.
import fc from 'fast-check'
import { communitySpec } from '../api/community.ts'
import type { Community, Instance } from '../api/objects.ts'
import { claimName } from '../build/data/claim.ts'
import { internalAddress } from '../build/names.ts'
import { instanceLabels, type Owner, owned } from '../build/owned.ts'
import { FINALIZER } from '../decide/community/hold.ts'
import type {
  Chance,
  CommunitySnapshot,
  DatabaseState,
  DirectoryFacts,
  DirectoryInstance,
  Settings,
} from '../decide/snapshot.ts'

export const NOW = Date.parse('2030-01-01T00:00:00Z')
const UID = '11111111-2222-3333-4444-555555555555'

/** Whose the objects of `makeCommunity` are, or those of an earlier one of its name. */
export const makeOwner = (uid = UID): Owner => ({
  apiVersion: 'hamlet.coop/v1alpha1',
  namespace: 'town',
  name: 'garden',
  uid,
})

export const settings: Settings = {
  namespace: 'hamlet',
  image: 'hamlet:1',
  pullPolicy: 'IfNotPresent',
  logLevel: 'info',
  ingressClass: '',
  egressAllow: [],
  egressHosts: '',
  wakeUrl: '',
}

export const chance: Chance = {
  prefix: '0123456789ab',
  password: 'new-password',
  internalKey: 'new-internal-key',
  token: 'new-token',
  jitter: 0,
}

export function makeCommunity(
  spec: { readonly deletionPolicy?: string; readonly [field: string]: unknown } = {},
  metadata: Partial<Community['metadata']> = {},
): Community {
  const parsed = communitySpec.parse({ domain: 'garden.example', ...spec })
  return {
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Community',
    metadata: {
      name: 'garden',
      namespace: 'town',
      uid: UID,
      generation: 1,
      resourceVersion: '1',
      ...(spec.deletionPolicy === 'Delete' && { finalizers: [FINALIZER] }),
      ...metadata,
    },
    spec: {
      ...parsed,
      title: parsed.title ?? parsed.domain,
      seats: {
        ...parsed.seats,
        minFree: parsed.seats.minFree ?? Math.max(1, Math.floor(parsed.seats.perInstance / 10)),
      },
    },
    status: {},
  }
}

export function makeInstance(
  ordinal: number,
  given: {
    cap?: number
    statusCap?: number
    serving?: boolean
    generation?: number
    observed?: number
    owner?: Owner
  } = {},
): Instance {
  const { cap = 300, statusCap = cap, serving = true, generation = 1, observed = generation } = given
  const { owner = makeOwner() } = given
  const condition = (type: string, status: boolean) => ({
    type,
    status: status ? ('True' as const) : ('False' as const),
    reason: status ? 'Serving' : 'Starting',
    message: '',
    lastTransitionTime: '2030-01-01T00:00:00Z',
    observedGeneration: observed,
  })
  return {
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Instance',
    metadata: {
      ...owned(owner, `garden-${ordinal}`, instanceLabels(owner, ordinal)),
      namespace: 'town',
      uid: `uid-${ordinal}`,
      generation,
    },
    spec: { community: 'garden', ordinal, cap, image: 'hamlet:1', state: 'Active' },
    status: {
      observedGeneration: observed,
      cap: statusCap,
      members: 0,
      conditions: [
        condition('Ready', serving),
        condition('Serving', serving),
        condition('DatabaseReady', true),
      ],
    },
  }
}

export const makeRow = (ordinal: number, given: Partial<DirectoryInstance> = {}): DirectoryInstance => ({
  ordinal,
  cap: 300,
  taken: 0,
  state: 'Active',
  address: internalAddress('garden', ordinal, 'town'),
  createdAt: NOW - 86_400_000,
  ...given,
})

export const makeFacts = (given: Partial<DirectoryFacts> = {}): DirectoryFacts => ({
  identity: { domain: 'garden.example', prefix: 'garden_x' },
  settings: undefined,
  instances: [makeRow(1)],
  members: 0,
  waiting: 0,
  organisers: 1,
  arriving: 0,
  invitations: [],
  keys: 2,
  ...given,
})

export const known = <Facts extends { readonly identity: unknown }>(
  facts: Facts | undefined,
): DatabaseState<Facts> => ({
  state: 'known',
  there: true,
  ready: true,
  pending: 0,
  identified: facts && facts.identity !== undefined,
  facts,
})

/** A database as it may be found, with facts that fit. */
export const knownStates = <Facts extends { readonly identity: unknown }>(
  facts: fc.Arbitrary<Facts>,
): fc.Arbitrary<DatabaseState<Facts>> =>
  fc
    .record({
      state: fc.constant('known' as const),
      there: fc.boolean(),
      ready: fc.boolean(),
      pending: fc.integer({ min: 0, max: 1 }),
      identified: fc.option(fc.boolean(), { nil: undefined }),
      facts: fc.option(facts, { nil: undefined }),
    })
    .map((state) => (state.facts ? { ...state, identified: state.facts.identity !== undefined } : state))

export const makeClaim = (given: Partial<NonNullable<CommunitySnapshot['claim']>> = {}) => ({
  name: claimName('garden.example'),
  resourceVersion: '5',
  uid: 'claim-uid',
  domain: 'garden.example',
  owner: { namespace: 'town', name: 'garden', uid: UID },
  prefix: 'garden_x',
  systemIdentifier: '7',
  nextOrdinal: 2,
  made: new Set(['directory', '1']),
  ...given,
})

export const makeSnapshot = (given: Partial<CommunitySnapshot> = {}): CommunitySnapshot => ({
  community: makeCommunity(),
  settings,
  chance,
  claim: makeClaim(),
  server: {
    ok: true,
    endpoint: { host: 'db', port: 5432 },
    systemIdentifier: '7',
    carries: 10,
    placed: 1,
  },
  directory: known(makeFacts()),
  instances: [makeInstance(1)],
  ca: 'PEM',
  caFacts: { secret: 'hamlet-ca', notAfter: NOW + 3650 * 86_400_000, problem: undefined },
  leaf: {
    domains: ['garden.example'],
    notBefore: NOW - 1000,
    notAfter: NOW + 80 * 86_400_000,
    byOurCa: true,
  },
  certificateThere: true,
  live: {
    secret: undefined,
    invitation: undefined,
    certificate: undefined,
    service: undefined,
    ingress: undefined,
    networkPolicy: undefined,
  },
  remains: { objects: [], pods: 0, databases: 0 },
  ingressClassThere: undefined,
  ...given,
})

const row = (ordinal: number): fc.Arbitrary<DirectoryInstance> =>
  fc
    .record({
      cap: fc.integer({ min: 1, max: 300 }),
      state: fc.constantFrom('Opening' as const, 'Active' as const, 'Draining' as const, 'Retired' as const),
      full: fc.double({ min: 0, max: 1, noNaN: true }),
      age: fc.integer({ min: 0, max: 120 }),
    })
    .map(({ cap, state, full, age }) =>
      makeRow(ordinal, { cap, state, taken: Math.round(cap * full), createdAt: NOW - age * 60_000 }),
    )

export const rows: fc.Arbitrary<DirectoryInstance[]> = fc
  .uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 5 })
  .chain((ordinals) => fc.tuple(...ordinals.sort((a, b) => a - b).map(row)))
  .map((all) => [...all])

export const seats = fc
  .record({
    perInstance: fc.integer({ min: 1, max: 300 }),
    maxInstances: fc.integer({ min: 1, max: 8 }),
    minutesBetweenInstances: fc.integer({ min: 0, max: 60 }),
    free: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ free, ...given }) => ({ ...given, minFree: Math.max(1, Math.round(free * given.perInstance)) }))

const facts: fc.Arbitrary<DirectoryFacts> = fc
  .record({
    instances: rows,
    waiting: fc.integer({ min: 0, max: 500 }),
    organisers: fc.integer({ min: 0, max: 1 }),
    arriving: fc.integer({ min: 0, max: 1 }),
    keys: fc.integer({ min: 0, max: 2 }),
    identified: fc.boolean(),
  })
  .map(({ identified, ...given }) => makeFacts({ ...given, ...(!identified && { identity: undefined }) }))

const unknown: DatabaseState<never> = {
  state: 'unknown',
  refusal: { reason: 'DatabaseUnreachable', message: 'it does not answer' },
}

const directory: fc.Arbitrary<DatabaseState<DirectoryFacts>> = fc.oneof(
  fc.constant(unknown),
  knownStates(facts),
)

/** Anything that may be seen, the impossible included: what was decided must be safe all the same. */
export const snapshots: fc.Arbitrary<CommunitySnapshot> = fc
  .record({
    seats,
    policy: fc.constantFrom('Retain', 'Delete'),
    paused: fc.boolean(),
    deleted: fc.boolean(),
    held: fc.boolean(),
    confirmed: fc.constantFrom(undefined, 'garden.example', 'other.example'),
    claim: fc.option(
      fc.record({
        nextOrdinal: fc.integer({ min: 1, max: 9 }),
        made: fc.subarray(['directory', '1', '2', '3', '4', '5']).map((made) => new Set(made)),
        mine: fc.constantFrom('mine', 'earlier', 'theirs'),
      }),
      { nil: undefined },
    ),
    serverOk: fc.boolean(),
    directory,
    instances: fc.uniqueArray(
      fc.record({
        ordinal: fc.integer({ min: 1, max: 8 }),
        cap: fc.integer({ min: 1, max: 300 }),
        statusCap: fc.integer({ min: 1, max: 300 }),
        serving: fc.boolean(),
        observed: fc.integer({ min: 1, max: 2 }),
      }),
      { selector: ({ ordinal }) => ordinal, maxLength: 5 },
    ),
    remains: fc.record({
      objects: fc.constantFrom(
        [],
        [{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'garden', namespace: 'town', uid: 's' } }],
      ),
      pods: fc.integer({ min: 0, max: 2 }),
      databases: fc.integer({ min: 0, max: 2 }),
    }),
  })
  .map((given) => {
    const community = makeCommunity(
      { seats: given.seats, deletionPolicy: given.policy, paused: given.paused },
      {
        finalizers: ['else.example/kept', ...(given.held ? [FINALIZER] : [])],
        ...(given.deleted && { deletionTimestamp: '2030-01-01T00:00:00Z' }),
        ...(given.confirmed && { annotations: { 'hamlet.coop/confirm-delete': given.confirmed } }),
      },
    )
    const owner = {
      mine: { namespace: 'town', name: 'garden', uid: UID },
      earlier: { namespace: 'town', name: 'garden', uid: 'earlier' },
      theirs: { namespace: 'else', name: 'garden', uid: 'theirs' },
    }
    return makeSnapshot({
      community,
      claim:
        given.claim && makeClaim({ ...given.claim, owner: owner[given.claim.mine as keyof typeof owner] }),
      ...(!given.serverOk && {
        server: { ok: false, endpoint: { host: 'db', port: 5432 }, refusal: unknown.refusal },
      }),
      directory: given.serverOk ? given.directory : unknown,
      instances: given.instances.map(({ ordinal, ...rest }) =>
        makeInstance(ordinal, { ...rest, generation: 2 }),
      ),
      remains: given.remains,
    })
  })
