import { until } from '../build/run.ts'
import { say } from '../build/say.ts'
import { kubectl } from '../build/tools.ts'
import type { Cluster } from '../cluster.ts'
import { madeBy } from '../labels.ts'
import { type Door, urlOf, visit } from './visit.ts'

/** The example's name, and the namespace it lives in. */
export const garden = { name: 'garden', namespace: 'default' } as const

/** What `kubectl wait` waits for until a deletion by `deletionPolicy: Delete` waits for the operator. */
export const held = '--for=jsonpath={.metadata.finalizers[0]}=hamlet.coop/community'

/** The example Community as `up` applies it. */
export function gardenManifest(domain: string, ingressClass: string): string {
  return `apiVersion: hamlet.coop/v1alpha1
kind: Community
metadata:
  name: ${garden.name}
  namespace: ${garden.namespace}
  labels: {${madeBy}: up}
spec:
  domain: ${domain}
  title: The Garden
  description: Neighbours who share tools, seeds and evenings.
${ingressClass === '' ? '' : `  ingress: {className: ${ingressClass}}\n`}`
}

/** Applies a manifest to a cluster. */
export async function applyManifest(cluster: Cluster, manifest: string): Promise<void> {
  const args = ['apply', '--server-side', '--field-manager=hamlet-up', '--filename', '-']
  await kubectl(args, { kubeconfig: cluster.kubeconfigPath, input: manifest })
}

/** Waits until a community answers its front page with 200, telling now and then what the operator says of it. */
export async function waitUntilServing(cluster: Cluster, door: Door, seconds: number): Promise<void> {
  say(`Waiting for ${urlOf(door)} …`)
  let told = ''
  let answer: number | string = ''
  const beat = setInterval(async () => {
    const news = `${answer}; ${await conditions(cluster)}`
    if (news !== told) say(`  ${news}`)
    told = news
  }, 5_000)
  try {
    await until(urlOf(door), seconds, async () => {
      answer = await visit(door)
      return answer === 200
    })
  } catch (error) {
    throw new Error(`${urlOf(door)} answered ${answer}; ${await conditions(cluster)}`, { cause: error })
  } finally {
    clearInterval(beat)
  }
}

/** The link in the Secret with which the first organiser signs up; none once somebody has. */
export async function invitation(cluster: Cluster): Promise<string | undefined> {
  const ask = [
    'get',
    'secret',
    `${garden.name}-invitation`,
    '--namespace',
    garden.namespace,
    '--ignore-not-found',
  ]
  const kubeconfig = cluster.kubeconfigPath
  const encoded = await kubectl([...ask, '--output', 'jsonpath={.data.link}'], { kubeconfig })
  return encoded === '' ? undefined : Buffer.from(encoded, 'base64').toString()
}

async function conditions(cluster: Cluster): Promise<string> {
  const path = '{range .status.conditions[?(@.status=="False")]}{.type}: {.reason} ({.message}); {end}'
  const ask = [
    'get',
    'community',
    garden.name,
    '--namespace',
    garden.namespace,
    '--output',
    `jsonpath=${path}`,
  ]
  const kubeconfig = cluster.kubeconfigPath
  return kubectl(ask, { kubeconfig }).catch(() => 'the Community cannot be read')
}
