import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { applyIfNeeded } from './client/apply.ts'
import { createController } from './control/controller.ts'
import { createReflector } from './control/reflector.ts'
import { isAlreadyExists, isConflict } from './error.ts'
import { createEvents } from './events.ts'
import { createLeader } from './lease.ts'
import { resourceOf, resources } from './resources.ts'
import { realCluster } from './testing/real.ts'
import type { KubeObject } from './types.ts'

let cluster: Awaited<ReturnType<typeof realCluster>>
beforeAll(async () => {
  cluster = await realCluster()
})
afterAll(() => cluster.close())

const configMap = (name: string, data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: cluster.namespace },
  data,
})
const requests = async (verb: string) => {
  const { values } = await cluster.metrics.requests.get()
  return values.filter(({ labels }) => labels.verb === verb).reduce((sum, { value }) => sum + value, 0)
}

test('an idle watch of 40 s still delivers, on the connection it began with', async () => {
  const { kube, namespace } = cluster
  const reflector = createReflector({ resource: resources.configMap, selection: { namespace } }, cluster)
  const told: string[] = []
  reflector.onChange(({ key, after }) => void (after && told.push(key)))
  reflector.start()
  await reflector.synced
  // Nothing else tells when a client that cuts its watches after 30 s would have done so.
  await new Promise((resolve) => setTimeout(resolve, 40_000))
  await kube.create(configMap('late', {}))
  await vi.waitFor(() => expect(told).toContain(`${namespace}/late`), 2000)
  const { values } = await cluster.metrics.watches.get()
  expect(values.map(({ value }) => value)).toEqual([1])
  expect(await requests('watch')).toBe(1)
  await reflector.stop()
}, 60_000)

test('created once, replaced only by who has seen the last version, deleted only if it is the same one', async () => {
  const { kube, namespace } = cluster
  const name = { namespace, name: 'claim' }
  const made = await kube.create(configMap('claim', { owner: 'a' }))
  const again = await kube.create(configMap('claim', { owner: 'b' })).catch((error: unknown) => error)
  expect(isAlreadyExists(again)).toBe(true)
  const newer = await kube.replace({ ...made, data: { owner: 'c' } })
  const stale = await kube.replace({ ...made, data: { owner: 'd' } }).catch((error: unknown) => error)
  expect(isConflict(stale)).toBe(true)
  expect((await kube.get(resources.configMap, name))?.data).toEqual({ owner: 'c' })
  await kube.patch(resources.configMap, name, { data: { more: 'x', owner: null } })
  expect((await kube.get(resources.configMap, name))?.data).toEqual({ more: 'x' })
  await expect(kube.delete(resources.configMap, name, { uid: 'another' })).rejects.toThrow(/uid/i)
  expect(await kube.delete(resources.configMap, name, { uid: newer.metadata.uid ?? '' })).toBe(true)
  expect(await kube.delete(resources.configMap, name)).toBe(false)
})

const labels = { app: 'garden-1' }
const built = (): KubeObject[] => {
  const metadata = { name: 'garden-1', namespace: cluster.namespace, labels }
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: 0,
        strategy: { type: 'Recreate' },
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
            containers: [
              {
                name: 'instance',
                image: 'localhost/none:1',
                env: [
                  { name: 'A', value: 'b' },
                  { name: 'EMPTY', value: '' },
                ],
                ports: [{ name: 'http', containerPort: 8080 }],
                resources: {
                  requests: { cpu: '0.025', memory: '192Mi' },
                  limits: { cpu: 1, memory: '0.5Gi' },
                },
                readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
                securityContext: { capabilities: { drop: ['ALL'] }, allowPrivilegeEscalation: false },
                volumeMounts: [{ name: 'secrets', mountPath: '/run/hamlet', readOnly: true }],
              },
            ],
            volumes: [
              {
                name: 'secrets',
                projected: { sources: [{ secret: { name: 'a' } }, { secret: { name: 'b' } }] },
              },
              { name: 'tmp', emptyDir: { sizeLimit: '0.5Gi' } },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    },
    { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data: { key: 'dmFsdWU=' } },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata,
      spec: {
        tls: [{ hosts: ['garden.localhost'], secretName: 'garden-tls' }],
        rules: [
          {
            host: 'garden.localhost',
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: 'garden', port: { number: 80 } } },
                },
              ],
            },
          },
        ],
      },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: {
        podSelector: { matchLabels: labels },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          {
            from: [{ podSelector: { matchLabels: labels } }, { namespaceSelector: {} }],
            ports: [{ port: 8080 }],
          },
        ],
        egress: [{}],
      },
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
    },
  ]
}

test('what was applied is not written again, whatever the API server made of it', async () => {
  const { kube } = cluster
  for (const object of built()) {
    const first = await applyIfNeeded(kube, object, undefined, 'hamlet')
    expect(first.written, object.kind).toBe(true)
    const live = await kube.get(resourceOf(object), object.metadata as { name: string })
    expect(await applyIfNeeded(kube, object, live, 'hamlet'), object.kind).toMatchObject({ written: false })
    // Somebody else changes it: written, and then at rest again.
    await kube.patch(resourceOf(object), object.metadata as { name: string }, {
      metadata: { labels: { app: 'theirs', other: 'kept' } },
    })
    const edited = await kube.get(resourceOf(object), object.metadata as { name: string })
    const repaired = await applyIfNeeded(kube, object, edited, 'hamlet')
    expect(repaired.written, object.kind).toBe(true)
    expect(repaired.object.metadata.labels).toEqual({ app: 'garden-1', other: 'kept' })
    const rest = await applyIfNeeded(kube, object, repaired.object, 'hamlet')
    expect(rest.written, object.kind).toBe(false)
  }
})

test('a field that is no longer wanted is taken away', async () => {
  const { kube } = cluster
  await kube.apply(configMap('fields', { a: '1', b: '2' }), 'hamlet')
  const live = await kube.get(resources.configMap, { namespace: cluster.namespace, name: 'fields' })
  const { object, written } = await applyIfNeeded(kube, configMap('fields', { a: '1' }), live, 'hamlet')
  expect(written).toBe(true)
  expect(object.data).toEqual({ a: '1' })
})

test('two stand for election and one leads', async () => {
  const { kube, namespace } = cluster
  const log: string[] = []
  const stand = (identity: string) =>
    createLeader(
      {
        namespace,
        name: 'operator',
        identity,
        onLead: () => void log.push(identity),
        onLost: () => void log.push('lost'),
      },
      cluster,
    )
  const [a, b] = [stand('a_10.0.0.1:8080'), stand('b_10.0.0.2:8080')]
  a.start()
  await vi.waitFor(() => expect(log).toHaveLength(1), 5000)
  b.start()
  await vi.waitFor(() => expect(b.holder()).toBe('a_10.0.0.1:8080'), 5000)
  await a.stop()
  await vi.waitFor(() => expect(log).toEqual(['a_10.0.0.1:8080', 'b_10.0.0.2:8080']), 5000)
  await b.stop()
  const lease = await kube.get(resources.lease, { namespace, name: 'operator' })
  expect(lease?.spec).toMatchObject({ holderIdentity: '', leaseTransitions: expect.any(Number) })
})

test('an Event is stored, and its repetition as a series', async () => {
  const { kube, namespace } = cluster
  const regarding = await kube.create(configMap('regarded', {}))
  let now = 0
  const clock = { ...cluster.clock, now: () => now }
  const events = createEvents({ controller: 'hamlet.coop/operator', instance: 'test' }, { ...cluster, clock })
  const news = { regarding, type: 'Warning', reason: 'DomainTaken', note: 'choose another domain' } as const
  events.emit(news)
  await events.flush()
  now += 700_000
  events.emit(news)
  await events.flush()
  // In a whole cluster the controllers of Kubernetes write Events of their own.
  const stored = (await kube.list(resources.event, { namespace })).filter(
    (event) => event.reportingController === 'hamlet.coop/operator',
  )
  expect(stored).toMatchObject([
    { reason: 'DomainTaken', regarding: { name: 'regarded' }, series: { count: 2 } },
  ])
})

test('a controller is told of every change, works on each key, and tries again after a failure', async () => {
  const { kube, namespace } = cluster
  const selection = { namespace, labelSelector: 'test=controller' }
  const reflector = createReflector({ resource: resources.configMap, selection }, cluster)
  const seen: string[] = []
  let failing = true
  const controller = createController(
    {
      name: 'test',
      sources: [{ reflector }],
      async reconcile(key) {
        if (failing) {
          failing = false
          throw new Error('once')
        }
        seen.push(reflector.store.get(key) ? 'there' : 'gone')
      },
    },
    cluster,
  )
  reflector.start()
  await controller.start()
  const object = configMap('controlled', {})
  await kube.create({ ...object, metadata: { ...object.metadata, labels: { test: 'controller' } } })
  await vi.waitFor(() => expect(seen).toEqual(['there']), 5000)
  await kube.delete(resources.configMap, { namespace, name: 'controlled' })
  await vi.waitFor(() => expect(seen).toEqual(['there', 'gone']), 5000)
  await controller.stop()
  await reflector.stop()
})
