import { join } from 'node:path'
import { saying } from '../build/say.ts'
import { helm, kubectl } from '../build/tools.ts'
import type { Cluster } from '../cluster.ts'
import { madeBy } from '../labels.ts'
import { authority } from './ca.ts'
import { waitForRollout } from './rollout.ts'
import { chartValues } from './values.ts'

const chart = join(import.meta.dirname, '../../../charts/hamlet')

/** The namespace and the release that Hamlet is installed as. */
export const release = { namespace: 'hamlet', name: 'hamlet' } as const

/** What is installed. */
export type InstallOptions = {
  readonly image: string
  /** Where the certificate authority is kept. */
  readonly folder: string
  /** The chart's values on top of those that the cluster asks for, by their paths: `{ 'postgres.instances': 60 }`. */
  readonly values?: Readonly<Record<string, unknown>>
}

/** Installs or upgrades the chart and waits until the operator and PostgreSQL are ready. */
export async function installHamlet(cluster: Cluster, options: InstallOptions): Promise<void> {
  const { kubeconfigPath: kubeconfig } = cluster
  const apply = [
    'apply',
    '--server-side',
    '--force-conflicts',
    '--field-manager=hamlet-up',
    '--filename',
    '-',
  ]
  const { cert, key } = await authority(options.folder)
  await kubectl(apply, { kubeconfig, input: JSON.stringify(namespaces(cluster)) })
  await kubectl(apply, { kubeconfig, input: JSON.stringify(authoritySecret(cert, key)) })
  if (cluster.kind !== 'context') await adoptDefinitions(kubeconfig)
  const values = chartValues(cluster, options.image, await ingressAddress(cluster))
  const args = [
    'upgrade',
    '--install',
    release.name,
    chart,
    '--namespace',
    release.namespace,
    '--values',
    '-',
    ...Object.entries(options.values ?? {}).map(
      ([path, value]) => `--set-json=${path}=${JSON.stringify(value)}`,
    ),
  ]
  await saying('Installing the chart', async () => {
    await helm(args, { kubeconfig, input: JSON.stringify(values) })
    await waitForRollout(kubeconfig, release.namespace, 300)
  })
}

/** The address inside the cluster that leads to its ingress, where we know which it is. */
export async function ingressAddress(cluster: Cluster): Promise<string | undefined> {
  if (cluster.ingressService === undefined) return undefined
  const [namespace = '', name = ''] = cluster.ingressService.split('/')
  const ask = ['get', 'service', name, '--namespace', namespace, '--output', 'jsonpath={.spec.clusterIP}']
  return kubectl(ask, { kubeconfig: cluster.kubeconfigPath })
}

function namespaces(cluster: Cluster): object {
  const own = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: release.namespace, labels: { [madeBy]: 'up' } },
  }
  if (cluster.kind === 'context') return own
  // A cluster of our own refuses pods that a careful administrator would refuse.
  const strict = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  const items = [
    { ...own, metadata: { ...own.metadata, labels: { ...own.metadata.labels, ...strict } } },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', labels: strict } },
  ]
  return { apiVersion: 'v1', kind: 'List', items }
}

function authoritySecret(cert: string, key: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'hamlet-ca', namespace: release.namespace, labels: { [madeBy]: 'up' } },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': cert, 'tls.key': key },
  }
}

// In a cluster of our own somebody, a test perhaps, may have applied the definitions without Helm, which minds.
async function adoptDefinitions(kubeconfig: string): Promise<void> {
  const listed = await kubectl(['get', 'crd', '--output', 'name'], { kubeconfig })
  for (const name of listed.split('\n').filter((line) => line.endsWith('.hamlet.coop'))) {
    const owner = [
      `meta.helm.sh/release-name=${release.name}`,
      `meta.helm.sh/release-namespace=${release.namespace}`,
    ]
    await kubectl(['label', name, 'app.kubernetes.io/managed-by=Helm', '--overwrite'], { kubeconfig })
    await kubectl(['annotate', name, ...owner, '--overwrite'], { kubeconfig })
  }
}
