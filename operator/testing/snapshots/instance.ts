// What may be seen of one instance that is at rest.
import type { HomeFacts, InstanceSnapshot } from '../../decide/snapshot.ts'
import type { KubeObject } from '../../kube/types.ts'
import { chance, known, makeClaim, makeCommunity, makeInstance, settings } from './community.ts'

const community = makeCommunity()
export const owner = {
  apiVersion: community.apiVersion,
  namespace: 'town',
  name: 'garden',
  uid: community.metadata.uid,
}
export const identity = { domain: 'garden.example', prefix: 'garden_x', ordinal: 1 }

export const communitySecret: KubeObject = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'garden-community', namespace: 'town' },
  data: {
    'directory-url': Buffer.from('postgres://garden_x_directory:p@db/garden_x_directory').toString('base64'),
  },
}

export const makeSnapshot = (given: Partial<InstanceSnapshot> = {}): InstanceSnapshot => ({
  instance: makeInstance(1),
  community,
  settings,
  chance,
  claim: makeClaim(),
  server: { ok: true, endpoint: { host: 'db', port: 5432 }, systemIdentifier: '7', carries: 10, placed: 1 },
  database: known<HomeFacts>({ identity, cap: 300, residents: 0 }),
  trustsCa: false,
  live: { secret: undefined, communitySecret, deployment: undefined, service: undefined },
  pods: [],
  warnings: [],
  budget: { limit: 1, elsewhere: 0 },
  moving: false,
  owed: undefined,
  siblings: [],
  ...given,
})
