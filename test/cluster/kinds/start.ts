import { rm } from 'node:fs/promises'
import { isBuilt } from '../build/go-build.ts'
import { until } from '../build/run.ts'
import { say, saying } from '../build/say.ts'
import { kubectl } from '../build/tools.ts'
import { type Cluster, type ClusterKind, type ClusterName, own } from '../cluster.ts'
import { canPull, ensureEngine, isEngineUp, stopEngine } from '../images/engine.ts'
import { findNode, removeNode } from '../node/node-engine.ts'
import { type ContextOptions, contextCluster } from './context-cluster.ts'
import { packagesCluster } from './packages-cluster.ts'
import { registryCluster } from './registry-cluster.ts'

/** Finds the cluster of this name or makes it: the user's context, k3s, or a node built from package registries. */
export async function startCluster(wish: ClusterName = own, context?: ContextOptions): Promise<Cluster> {
  if (context) return contextCluster(wish, context)
  await ensureEngine()
  const kind = await chooseKind(wish.name)
  const cluster = kind === 'registry' ? await registryCluster(wish) : await packagesCluster(wish)
  await saying('Waiting for names and ingress', () => waitForEdge(cluster))
  return cluster
}

/** The same with nothing in it: what a run that was killed has left, communities and all, is removed. */
export async function startFreshCluster(wish: ClusterName): Promise<Cluster> {
  await ensureEngine()
  await removeNode(wish.name)
  return startCluster(wish)
}

/** Removes a cluster that `startCluster` made, with all its data; what was built for it stays in the cache. */
export async function stopCluster(wish: ClusterName = own): Promise<void> {
  if (await isEngineUp()) {
    await removeNode(wish.name)
    await stopEngine()
  }
  await rm(wish.folder, { recursive: true, force: true })
}

// A cluster that is there settles it: whether images can be pulled may differ from one day to the next.
async function chooseKind(name: string): Promise<ClusterKind> {
  const found = await findNode(name)
  if (found) return found.image.startsWith('rancher/') ? 'registry' : 'packages'
  if (await saying('Asking whether images can be pulled', canPull)) return 'registry'
  say('No image registry: the cluster is built from package registries')
  if (!(await isBuilt('kube'))) say('A cold first run may take 15 minutes; the next ones take seconds')
  return 'packages'
}

async function waitForEdge(cluster: Cluster): Promise<void> {
  const kubeconfig = cluster.kubeconfigPath
  for (const name of ['coredns', 'traefik']) {
    const rollout = [
      'rollout',
      'status',
      `deployment/${name}`,
      '--namespace',
      'kube-system',
      '--timeout',
      '120s',
    ]
    await until(name, 180, () => kubectl(rollout, { kubeconfig }))
  }
  // After a restart the API server goes on calling the pods of before ready for a while: an answer is sure.
  if (cluster.ports) {
    const url = `http://127.0.0.1:${cluster.ports.http}/`
    await until('the ingress to answer', 120, async () => (await fetch(url)).status > 0)
  }
}
