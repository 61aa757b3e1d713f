import { until } from '../build/run.ts'
import { saying } from '../build/say.ts'
import { kubectl } from '../build/tools.ts'
import type { Cluster, ClusterName } from '../cluster.ts'
import { docker } from '../images/engine.ts'
import { NodeContainer } from '../node/node-container.ts'
import { findNode, inNode, loadIntoNode } from '../node/node-engine.ts'
import { choosePorts, freePort } from '../node/ports.ts'
import { saveKubeconfig } from './kubeconfig.ts'

const image = 'rancher/k3s:v1.34.1-k3s1'
const dataPath = '/var/lib/rancher/k3s'

/** A cluster on k3s, for machines whose Docker can pull images. */
export async function registryCluster(wish: ClusterName): Promise<Cluster> {
  const { name } = wish
  const found = await findNode(name)
  const ports = found?.ports ?? { ...(await choosePorts(wish.wishedPorts)), api: await freePort() }
  if (!found?.running) {
    await saying('Starting k3s', async () => {
      if (found) await docker(['start', `${name}-node`])
      else await k3s(name, ports).start()
      await until('the API server', 120, () => inNode(name, ['kubectl', 'get', '--raw', '/readyz']))
    })
  }
  const text = await inNode(name, ['cat', '/etc/rancher/k3s/k3s.yaml'])
  const kubeconfigPath = await saveKubeconfig(wish.folder, text, ports.api)
  await kubectl(['apply', '--filename', '-'], { kubeconfig: kubeconfigPath, input: edge })
  return {
    kind: 'registry',
    name,
    kubeconfigPath,
    ingressClass: 'traefik',
    ingressService: 'kube-system/traefik',
    ports,
    images: {},
    loadImage: (ref) => loadIntoNode(name, ref, ['ctr', '--namespace', 'k8s.io']),
  }
}

function k3s(name: string, ports: ConstructorParameters<typeof NodeContainer>[0]['ports']): NodeContainer {
  const command = ['server', '--node-name=node', '--tls-san=127.0.0.1', '--disable=metrics-server']
  const options = {
    name,
    image,
    ports,
    command,
    dataPath,
    ready: /Node controller sync successful|k3s is up and running/,
  }
  return new NodeContainer(options, 'privileged').withTmpFs({ '/var/run': 'rw' })
}

// k3s brings CoreDNS and Traefik; both read additions from these objects.
const edge = `
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns-custom, namespace: kube-system}
data:
  localhost.override: |
    rewrite stop name regex ^(.*)\\.localhost\\.$ traefik.kube-system.svc.cluster.local answer auto
---
apiVersion: helm.cattle.io/v1
kind: HelmChartConfig
metadata: {name: traefik, namespace: kube-system}
spec:
  valuesContent: |
    additionalArguments: [--providers.providersthrottleduration=100ms, --providers.kubernetesingress.allowemptyservices=true]
`
