// Ways for a pod to end that nobody asked it about.
import { inNode } from '../cluster/node/node-engine.ts'
import type { Hamlet } from '../stories/hamlet.ts'

export type Pod = {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string }
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly { readonly containerID: string; readonly restartCount: number }[]
  }
}

/** The pods that a selector finds, without those that are on their way out. */
export async function podsOf(h: Hamlet, namespace: string, selector: string): Promise<readonly Pod[]> {
  const ask = ['get', 'pods', '--namespace', namespace, '--selector', selector, '--output', 'json']
  const { items } = JSON.parse(await h.kubectl(ask)) as {
    items: (Pod & { metadata: { deletionTimestamp?: string } })[]
  }
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
}

export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true

/** How often the pod's container was started again. */
export const restartsOf = ({ status }: Pod): number => status?.containerStatuses?.[0]?.restartCount ?? 0

/** SIGKILL to the process, from outside: inside its container it is the first one, which no signal from there ends. */
export async function killProcess(h: Hamlet, pod: Pod): Promise<void> {
  const container = pod.status?.containerStatuses?.[0]?.containerID.replace('containerd://', '')
  if (!container) throw new Error(`${pod.metadata.name} has no container yet`)
  const kill = ['ctr', '--namespace', 'k8s.io', 'tasks', 'kill', '--signal', 'SIGKILL', container]
  await inNode(h.cluster.name, kill)
}

/** Takes the pod out of the API at once, as for a node that is lost; its process ends whenever the node sees that. */
export async function deletePod(h: Hamlet, { metadata: { name, namespace } }: Pod): Promise<void> {
  await h.kubectl(['delete', 'pod', name, '--namespace', namespace, '--grace-period=0', '--force'])
}

/** The operator's pod that leads; throws where there is none. */
export async function leaderOf(h: Hamlet): Promise<Pod> {
  const ask = ['get', 'lease', 'hamlet-operator', '--namespace', 'hamlet']
  const holder = await h.kubectl([...ask, '--output', 'jsonpath={.spec.holderIdentity}'])
  const pods = await podsOf(h, 'hamlet', 'app.kubernetes.io/component=operator')
  const leader = pods.find(({ metadata }) => metadata.name === holder.split('_')[0])
  if (!leader) throw new Error(`the leader is "${holder}", which has no pod`)
  return leader
}

/** Asked to end, it would give the Lease back. Killed, it cannot, and before its container starts again it is deleted. */
export async function killLeader(h: Hamlet, leader: Pod): Promise<void> {
  await killProcess(h, leader)
  await deletePod(h, leader)
}
