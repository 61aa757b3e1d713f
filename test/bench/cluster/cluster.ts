// Hamlet on the cluster that tests use, quiet and by itself, for the benchmarks of the operator.
import { request } from 'node:https'
import { connect } from '../../../operator/kube/client/connection.ts'
import { createKube } from '../../../operator/kube/client/rest.ts'
import { createTransport } from '../../../operator/kube/client/transport.ts'
import { systemClock } from '../../../operator/kube/clock.ts'
import { testDeps } from '../../../operator/kube/testing/deps.ts'
import type { KubeClient } from '../../../operator/kube/types.ts'
import { type Hamlet, hamlet } from '../../stories/hamlet.ts'
import type { Site } from '../../visitor/visitor.ts'

export async function quietCluster(): Promise<{ h: Hamlet; kube: KubeClient }> {
  const h = await hamlet()
  const deps = { ...testDeps(Math.random), clock: systemClock }
  const kube = createKube(createTransport(await connect({ kubeconfig: h.cluster.kubeconfigPath }), deps))
  return { h, kube }
}

/** The status of a community's front page, 0 where no connection was had. */
export function statusOf(site: Site): Promise<number> {
  return new Promise((resolve) => {
    const asked = request({
      host: '127.0.0.1',
      port: site.port,
      servername: site.domain,
      ca: site.ca,
      path: '/',
      headers: { host: site.domain, accept: 'text/html' },
      agent: false,
      timeout: 2_000,
    })
    asked.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(0))
    asked.end()
  })
}
