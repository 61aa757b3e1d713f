// What may be seen of a community, for tests of decisions: one that is at rest, and each part of it.
import { communitySpec } from '../../api/community.ts'
import type { Community, Instance } from '../../api/objects.ts'
import { claimName } from '../../build/data/claim.ts'
import { internalAddress } from '../../build/names.ts'
import { instanceLabels, type Owner, owned } from '../../build/owned.ts'
import { FINALIZER } from '../../decide/community/deletion/hold.ts'
import type {
  Chance,
  CommunitySnapshot,
  DatabaseState,
  DirectoryFacts,
  DirectoryInstance,
  Settings,
} from '../../decide/snapshot.ts'

export const NOW = Date.parse('2030-01-01T00:00:00Z')
export const UID = '11111111-2222-3333-4444-555555555555'

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
    state?: Instance['spec']['state']
    drained?: boolean
  } = {},
): Instance {
  const { cap = 300, statusCap = cap, serving = true, generation = 1, observed = generation } = given
  const { owner = makeOwner(), state = 'Active', drained = false } = given
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
    spec: { community: 'garden', ordinal, cap, image: 'hamlet:1', state },
    status: {
      observedGeneration: observed,
      cap: statusCap,
      members: 0,
      conditions: [
        condition('Ready', serving),
        condition('Serving', serving),
        condition('DatabaseReady', true),
        ...(state === 'Active' ? [] : [condition('Drained', drained)]),
      ],
    },
  }
}

export const makeRow = (ordinal: number, given: Partial<DirectoryInstance> = {}): DirectoryInstance => ({
  ordinal,
  cap: 300,
  taken: 0,
  leaving: 0,
  state: 'Active',
  address: internalAddress('garden', ordinal, 'town'),
  createdAt: NOW - 86_400_000,
  drainedFor: given.state === 'Draining' ? 'Asked' : null,
  stateSince: NOW - 86_400_000,
  movedAt: null,
  used: (given.taken ?? 0) > 0 || (given.movedAt ?? null) !== null,
  ...given,
})

export const makeFacts = (given: Partial<DirectoryFacts> = {}): DirectoryFacts => ({
  identity: { domain: 'garden.example', prefix: 'garden_x' },
  incarnation: 1,
  revision: '9',
  settings: undefined,
  instances: [makeRow(1)],
  members: 0,
  waiting: 0,
  organisers: 1,
  arriving: 0,
  invitations: [],
  keys: 2,
  moving: 0,
  wishing: 0,
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

export const makeClaim = (given: Partial<NonNullable<CommunitySnapshot['claim']>> = {}) => ({
  name: claimName('garden.example'),
  resourceVersion: '5',
  uid: 'claim-uid',
  domain: 'garden.example',
  owner: { namespace: 'town', name: 'garden', uid: UID },
  prefix: 'garden_x',
  systemIdentifier: '7',
  nextOrdinal: 2,
  retired: new Set<number>(),
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
  regression: { regressed: false, silent: [] },
  instances: [makeInstance(1)],
  rebalances: [],
  rebalanceNames: [],
  ca: 'PEM',
  caFacts: {
    secret: 'hamlet-ca',
    notBefore: NOW - 86_400_000,
    notAfter: NOW + 3650 * 86_400_000,
    problem: undefined,
  },
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
