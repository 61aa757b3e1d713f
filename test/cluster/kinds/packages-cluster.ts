import { until } from '../build/run.ts'
import { saying } from '../build/say.ts'
import type { Cluster, ClusterName } from '../cluster.ts'
import { docker } from '../images/engine.ts'
import { appBase, postgresImage } from '../images/images.ts'
import { nodeImage } from '../images/node-image.ts'
import { NodeContainer, type NodeOptions } from '../node/node-container.ts'
import { findNode, inNode, loadIntoNode } from '../node/node-engine.ts'
import { choosePorts, freePort } from '../node/ports.ts'
import { saveKubeconfig } from './kubeconfig.ts'

const dataPath = '/var/lib/node'
const ctr = ['ctr', '--namespace', 'k8s.io'] as const

/** A cluster on a node that is built from package registries alone: for machines that can pull no image. */
export async function packagesCluster(wish: ClusterName): Promise<Cluster> {
  const { name } = wish
  const image = await nodeImage()
  const found = await findNode(name)
  const current = found?.image === image
  const ports = found?.ports ?? { ...(await choosePorts(wish.wishedPorts)), api: await freePort() }
  if (!current || !found?.running) {
    // A node of another image makes room for the new one, which finds its data on the volume again.
    if (found && !current) await docker(['rm', '--force', `${name}-node`])
    await saying('Starting the cluster', async () => {
      if (current) await docker(['start', `${name}-node`])
      else await new NodeContainer(options(name, image, ports), 'capabilities').start()
      await until('the API server', 120, () => inNode(name, ['kubectl', 'get', '--raw', '/readyz']))
    })
  }
  const kubeconfig = await inNode(name, ['cat', `${dataPath}/keys/kubeconfig`])
  return {
    kind: 'packages',
    name,
    kubeconfigPath: await saveKubeconfig(wish.folder, kubeconfig, ports.api),
    ingressClass: 'traefik',
    ingressService: 'kube-system/traefik',
    ports,
    images: { appBase: await appBase(), postgres: await postgresImage() },
    loadImage: (ref) => loadIntoNode(name, ref, ctr),
  }
}

function options(name: string, image: string, ports: NodeOptions['ports']): NodeOptions {
  return { name, image, ports, dataPath, ready: /cluster started/ }
}
