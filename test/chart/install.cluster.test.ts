// The chart in a real cluster: restricted pods, an upgrade, a refused uninstall, and what an uninstall leaves.
import { beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { until } from '../cluster/build/run.ts'
import { helm, kubectl } from '../cluster/build/tools.ts'
import { type Cluster, forTests } from '../cluster/cluster.ts'
import { appImage } from '../cluster/images/app-image.ts'
import { installHamlet, release } from '../cluster/install/install.ts'
import { startCluster } from '../cluster/kinds/start.ts'

const community = `apiVersion: hamlet.coop/v1alpha1
kind: Community
metadata: { name: chart, namespace: default }
spec: { domain: chart.localhost }
`
const inRelease = ['--namespace', release.namespace]

let cluster: Cluster
let image: string
const kube = (...args: string[]) => kubectl(args, { kubeconfig: cluster.kubeconfigPath })
const chart = (...args: string[]) => helm(args, { kubeconfig: cluster.kubeconfigPath })
const install = (values: Record<string, unknown> = {}) =>
  installHamlet(cluster, { image, folder: forTests.folder, values })
const apply = (manifest: string) =>
  kubectl(['apply', '--filename', '-'], { kubeconfig: cluster.kubeconfigPath, input: manifest })
const ready = () => kube('wait', '--for=condition=Ready', 'community/chart', '--timeout=120s')

beforeAll(async () => {
  cluster = await startCluster(forTests)
  image = await appImage(cluster.images.appBase)
  await cluster.loadImage(image)
  await install()
})

test('helm test passes', async () => {
  expect(await chart('test', release.name, ...inRelease, '--timeout', '2m')).toMatch(/Phase:\s+Succeeded/)
})

test('all of it runs where only restricted pods are let in', async () => {
  const label = 'jsonpath={.metadata.labels.pod-security\\.kubernetes\\.io/enforce}'
  expect(await kube('get', 'namespace', release.namespace, '--output', label)).toBe('restricted')
  await kube('rollout', 'status', 'deployment/hamlet-operator', ...inRelease, '--timeout=60s')
  await kube('rollout', 'status', 'statefulset/hamlet-postgres', ...inRelease, '--timeout=60s')
})

test('the operator may do what it does, and may not list Secrets', async () => {
  const as = `--as=system:serviceaccount:${release.namespace}:hamlet-operator`
  const may = (...what: string[]) => kube('auth', 'can-i', ...what, as).catch(() => 'no')
  expect(await may('get', 'secrets', '--namespace', 'default')).toBe('yes')
  expect(await may('list', 'secrets', '--namespace', 'default')).toBe('no')
  expect(await may('list', 'secrets', ...inRelease)).toBe('no')
  expect(await may('create', 'pods', '--namespace', 'default')).toBe('no')
  expect(await may('delete', 'communities', '--namespace', 'default')).toBe('no')
})

test('an upgrade replaces the operator and leaves PostgreSQL running', async () => {
  const uid = () =>
    kube('get', 'pod', 'hamlet-postgres-0', ...inRelease, '--output', 'jsonpath={.metadata.uid}')
  const before = await uid()
  await install({ logLevel: 'debug' })
  const level = 'jsonpath={..containers[0].env[?(@.name=="HAMLET_LOG_LEVEL")].value}'
  expect(await kube('get', 'deployment', 'hamlet-operator', ...inRelease, '--output', level)).toBe('debug')
  expect(await uid()).toBe(before)
})

test('helm uninstall is refused while a Community is there, and says how to go on', async () => {
  await apply(community)
  await ready()
  await expect(chart('uninstall', release.name, ...inRelease)).rejects.toThrow()
  const said = await kube('logs', 'job/hamlet-uninstall-check', ...inRelease)
  expect(said).toContain('default/chart')
  const [, rollback = ''] = /helm (rollback hamlet \d+ --namespace hamlet)/.exec(said) ?? []
  await kube('get', 'deployment', 'hamlet-operator', ...inRelease)
  await chart(...rollback.split(' '), '--wait', '--timeout', '2m')
  await install()
})

test('an uninstall leaves data, definitions and claims, and the next install finds them', async () => {
  const claims = ['get', 'configmap', ...inRelease, '--selector', 'app.kubernetes.io/component=claim']
  const objects = z.object({ items: z.array(z.object({ data: z.record(z.string(), z.string()) })) })
  const claim = async () => {
    const { items } = objects.parse(JSON.parse(await kube(...claims, '--output', 'json')))
    const data = items.map((item) => item.data).find(({ domain }) => domain === 'chart.localhost')
    return { prefix: data?.prefix, server: data?.['system-identifier'], made: data?.['made-directory'] }
  }
  const before = await claim()
  expect(before.made).toBeDefined()
  await kube('delete', 'community', 'chart', '--cascade=foreground', '--timeout=60s')
  await chart('uninstall', release.name, ...inRelease, '--wait', '--timeout', '2m')
  await until('all pods to be gone', 60, async () => (await kube('get', 'pods', ...inRelease)) === '')
  await kube('get', 'crd', 'communities.hamlet.coop', 'instances.hamlet.coop')
  await kube('get', 'pvc/data-hamlet-postgres-0', 'secret/hamlet-postgres', ...inRelease)
  expect(await claim()).toEqual(before)

  await install()
  await apply(community)
  await ready()
  expect(await claim()).toEqual(before)
})
