// What a real API server makes of the definitions: defaults, and refusals in our words.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resources } from '../../kube/resources.ts'
import { installDefinitions, realCluster } from '../../kube/testing/real.ts'
import type { KubeObject } from '../../kube/types.ts'
import { mergeConditions } from '../conditions.ts'
import { parseCommunity } from '../objects.ts'

let cluster: Awaited<ReturnType<typeof realCluster>>
beforeAll(async () => {
  cluster = await realCluster()
  await installDefinitions(cluster.kube)
})
afterAll(() => cluster.close())

const community = (name: string, spec: object): KubeObject => ({
  apiVersion: 'hamlet.coop/v1alpha1',
  kind: 'Community',
  metadata: { name, namespace: cluster.namespace },
  spec: { domain: 'garden.localhost', ...spec },
})
const refusal = async (object: KubeObject): Promise<string> => {
  try {
    await cluster.kube.apply(object, 'test')
    return 'taken'
  } catch (error) {
    return String(error)
  }
}

test.each([
  [
    'garden',
    { seats: { perInstance: 301 } },
    'spec.seats.perInstance must be a whole number from 1 to 300; a larger',
  ],
  ['garden', { seats: { perInstance: 3, minFree: 4 } }, 'lower minFree, or leave it out'],
  ['garden', { domain: 'https://garden.localhost' }, 'leave out https://, the port and any path'],
  ['garden', { domain: 'garden.localhost:8443' }, 'spec.domain must be a lower-case DNS name'],
  ['garden', { domain: 'Garden.localhost' }, 'spec.domain must be a lower-case DNS name'],
  ['garden', { domain: 'garden' }, 'with at least one dot'],
  ['garden', { database: { mode: 'External' } }, 'spec.database.secretName is needed with mode External'],
  ['garden', { database: { secretName: 'x' } }, 'set mode to External, or remove secretName'],
  ['garden', { ingress: { tls: { mode: 'Secret' } } }, 'name your kubernetes.io/tls Secret'],
  ['garden', { ingress: { tls: { mode: 'CertManager' } } }, 'set issuer.name to your cert-manager issuer'],
  ['garden', { rebalance: { maxMovesPerHour: 0 } }, 'set spec.rebalance.mode to Off'],
  ['garden', { drain: [1024] }, 'spec.drain[] must be a whole number from 1 to 1023'],
  ['garden', { registration: 'Maybe' }, 'supported values: "Open", "Invite", "Closed"'],
  ['garden-1', {}, 'metadata.name must not end in a dash and digits'],
  ['1garden', {}, 'beginning with a letter'],
  ['a'.repeat(41), {}, 'metadata.name must be at most 40'],
])('Community %s with %j is refused: %s', async (name, spec, words) => {
  expect(await refusal(community(name, spec))).toContain(words)
})

test('a domain is enough, the server fills in what our own parser would, and the domain stays', async () => {
  const { kube } = cluster
  const stored = await kube.apply(community('garden', {}), 'test')
  const ours = parseCommunity(community('garden', {}))
  const theirs = parseCommunity(stored)
  expect(theirs.ok && theirs.value.spec).toEqual(ours.ok && ours.value.spec)
  expect(await refusal(community('garden', { domain: 'other.localhost' }))).toContain(
    'spec.domain cannot be changed',
  )
  const { apiVersion, kind, metadata } = stored
  const conditions = mergeConditions(
    [],
    [{ type: 'Ready', status: 'True', reason: 'Serving', message: '' }],
    metadata.generation ?? 0,
    new Date(),
  )
  const { name } = metadata
  const written = await kube.applyStatus(
    {
      apiVersion,
      kind,
      metadata: { name, namespace: cluster.namespace },
      status: { members: 1, conditions },
    },
    'hamlet-community-status',
  )
  const read = parseCommunity(written)
  expect(read.ok && read.value.status).toEqual({ members: 1, conditions })
})

test('an Instance keeps its community, its number and its retirement', async () => {
  const instance = (name: string, spec: object): KubeObject => ({
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Instance',
    metadata: { name, namespace: cluster.namespace },
    spec: { community: 'garden', ordinal: 2, cap: 300, image: 'hamlet:1', ...spec },
  })
  for (const wrong of ['garden-1', 'garden-02', 'garden-x', 'other-2']) {
    expect(await refusal(instance(wrong, {})), wrong).toContain('<spec.community>-<spec.ordinal>')
  }
  expect(await refusal(instance('garden-2', { cap: 301 }))).toContain('spec.cap must be')
  expect(await refusal(instance('garden-2', {}))).toBe('taken')
  expect(await refusal(instance('garden-2', { state: 'Retired' }))).toBe('taken')
  expect(await refusal(instance('garden-2', { state: 'Active' }))).toContain('cannot be changed from Retired')
  const patched = cluster.kube.patch(
    resources.instance,
    { namespace: cluster.namespace, name: 'garden-2' },
    { spec: { ordinal: 3 } },
  )
  await expect(patched).rejects.toThrow('spec.ordinal cannot be changed')
})

test('a Rebalance keeps its community and why it was made, and is approved and stopped by people', async () => {
  const rebalance = (spec: object): KubeObject => ({
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Rebalance',
    metadata: { name: 'garden-r1', namespace: cluster.namespace },
    spec: { community: 'garden', reason: 'Overflow', ...spec },
  })
  expect(await refusal(rebalance({ reason: 'Boredom' }))).toContain('supported values: "Asked"')
  expect(await refusal(rebalance({ maxMovesPerHour: 0 }))).toContain('set spec.stopped to true')
  expect(await refusal(rebalance({}))).toBe('taken')
  // As people write it.
  const least = { ...rebalance({}), metadata: { name: 'night', namespace: cluster.namespace } }
  expect(await refusal({ ...least, spec: { community: 'garden' } })).toBe('taken')
  const night = await cluster.kube.get(resources.rebalance, least.metadata)
  expect(night?.spec).toEqual({ community: 'garden', reason: 'Asked', approved: false, stopped: false })
  const name = { namespace: cluster.namespace, name: 'garden-r1' }
  expect(Object((await cluster.kube.get(resources.rebalance, name))?.spec)).toMatchObject({
    approved: false,
    stopped: false,
  })
  expect(await refusal(rebalance({ approved: true, stopped: true }))).toBe('taken')
  expect(await refusal(rebalance({ community: 'meadow' }))).toContain('spec.community cannot be changed')
  expect(await refusal(rebalance({ reason: 'Headroom' }))).toContain('spec.reason cannot be changed')
})
