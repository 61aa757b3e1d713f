// A cluster of somebody's own, named by a context: refused when Hamlet is theirs, and left as it was found.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { kubectl } from '../build/tools.ts'
import { type Cluster, type ClusterName, forTests } from '../cluster.ts'
import { appImage } from '../images/app-image.ts'
import { authority } from '../install/ca.ts'
import { clearContext } from '../install/clear-context.ts'
import { applyManifest, garden, gardenManifest, waitUntilServing } from '../install/community.ts'
import { installHamlet } from '../install/install.ts'
import type { ContextOptions } from './context-cluster.ts'
import { startCluster } from './start.ts'

const CONTEXT = 'somebody@their-cluster'
const DOMAIN = 'garden.localhost'

let theirs: Cluster
let home: string
let wish: ClusterName
let options: ContextOptions
const kube = (...args: string[]) => kubectl(args, { kubeconfig: theirs.kubeconfigPath })
const apply = (object: object) =>
  kubectl(['apply', '--filename', '-'], { kubeconfig: theirs.kubeconfigPath, input: JSON.stringify(object) })

/** What is in the cluster and none of our business: names, ingress and what belongs to others. */
const untouched = () =>
  kube(
    ...[
      'get',
      'configmaps,deployments,daemonsets,services,ingressclasses,storageclasses',
      '--all-namespaces',
    ],
    ...['--field-selector', 'metadata.namespace!=hamlet,metadata.name!=kube-root-ca.crt', '--output'],
    'jsonpath={range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name} {.metadata.uid} {.metadata.generation} {.data}{"\\n"}{end}',
  )

/** Takes away what other tests left of Hamlet, whoever installed it: the way begins with none. */
async function wipe(): Promise<void> {
  const definitions = ['crd/communities.hamlet.coop', 'crd/instances.hamlet.coop']
  const there = await kube('get', ...definitions, '--ignore-not-found', '--output', 'name')
  if (there.includes('communities'))
    await kube('delete', 'communities', '--all', '--all-namespaces', '--timeout', '120s')
  await clearContext(forTests.folder)
  await kube('delete', ...definitions, '--ignore-not-found', '--timeout', '60s')
}

beforeAll(async () => {
  theirs = await startCluster(forTests)
  home = await mkdtemp(join(tmpdir(), 'hamlet-context-'))
  wish = { name: 'hamlet-context', folder: join(home, 'kept'), wishedPorts: forTests.wishedPorts }
  const raw = await kube('config', 'view', '--raw', '--flatten', '--output', 'json')
  const config = JSON.parse(raw) as { contexts: { name: string; context: object }[] }
  const [found] = config.contexts
  if (!found) throw new Error('the kubeconfig of the tests has no context')
  // Another context is the current one: only the one that was named may be used.
  const elsewhere = { name: 'elsewhere', cluster: { server: 'https://127.0.0.1:1' } }
  const own = {
    ...config,
    clusters: [...(Object(config).clusters as object[]), elsewhere],
    contexts: [
      { ...found, name: CONTEXT },
      { name: 'elsewhere', context: { ...found.context, cluster: 'elsewhere' } },
    ],
    'current-context': 'elsewhere',
  }
  await writeFile(join(home, 'config'), JSON.stringify(own), { mode: 0o600 })
  vi.stubEnv('KUBECONFIG', join(home, 'config'))
  const { postgres } = theirs.images
  options = {
    context: CONTEXT,
    ingressClass: theirs.ingressClass,
    ...(postgres === undefined ? {} : { postgresImage: postgres }),
  }
  await wipe()
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(home, { recursive: true, force: true })
})

test('a context that does not exist is named in the refusal', async () => {
  await expect(startCluster(wish, { ...options, context: 'nowhere' })).rejects.toThrow('nowhere')
})

test('a cluster that has Hamlet by other means is refused, and nothing is changed', async () => {
  await kube('create', 'namespace', 'hamlet')
  const version = () => kube('get', 'namespace', 'hamlet', '--output', 'jsonpath={.metadata.resourceVersion}')
  const before = await version()
  await expect(startCluster(wish, options)).rejects.toThrow(/Namespace hamlet .*nothing was changed/)
  expect(await version()).toBe(before)
  // The way out does not take it either.
  await clearContext(wish.folder)
  expect(await version()).toBe(before)
  await kube('delete', 'namespace', 'hamlet', '--timeout', '60s')
})

test('the way in and out leaves the cluster as it was', async () => {
  const before = await untouched()
  const cluster = await startCluster(wish, options)
  expect(cluster).toMatchObject({ kind: 'context', ingressClass: theirs.ingressClass })
  const image = await appImage(theirs.images.appBase)
  await theirs.loadImage(image)
  await installHamlet(cluster, { image, folder: wish.folder })
  await applyManifest(cluster, gardenManifest(DOMAIN, cluster.ingressClass))
  const { cert: ca } = await authority(wish.folder)
  await waitUntilServing(cluster, { domain: DOMAIN, ca, port: theirs.ports?.https ?? 443, local: true }, 120)

  // Somebody makes a community of their own: it is not ours to delete, and neither is what it lives on.
  const heath = {
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Community',
    metadata: { name: 'heath', namespace: garden.namespace },
    spec: { domain: 'heath.localhost', title: 'Heath', ingress: { className: theirs.ingressClass } },
  }
  await apply(heath)
  await kube('wait', '--for=condition=Ready', 'community/heath', '--timeout=120s')
  await expect(clearContext(wish.folder)).rejects.toThrow(/community.*heath/)
  await kube('wait', '--for=condition=Ready', 'community/heath', '--timeout=10s')
  await kube('delete', 'community', 'heath', '--cascade=foreground', '--timeout', '120s')

  await clearContext(wish.folder)
  expect(await kube('get', 'namespace', 'hamlet', '--ignore-not-found')).toBe('')
  const left = await kube('get', 'crd,clusterroles,clusterrolebindings', '--output', 'name')
  expect(left.split('\n').filter((name) => name.includes('hamlet'))).toEqual([])
  const ours = 'secrets,configmaps,deployments,services,ingresses,networkpolicies,persistentvolumeclaims'
  const inDefault = await kube('get', ours, '--namespace', garden.namespace, '--output', 'name')
  expect(inDefault.split('\n').filter((name) => /garden|heath/.test(name))).toEqual([])
  expect(await untouched()).toBe(before)
})
