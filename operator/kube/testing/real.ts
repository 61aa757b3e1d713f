// The client on the cluster of the test run.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inject } from 'vitest'
import { parse } from 'yaml'
import { connect } from '../client/connection.ts'
import { createKube } from '../client/rest.ts'
import { createTransport } from '../client/transport.ts'
import { systemClock } from '../clock.ts'
import { isNotFound } from '../error.ts'
import { resources } from '../resources.ts'
import type { KubeClient } from '../types.ts'
import { testDeps } from './deps.ts'

/** A client with real time, and a namespace of its own; `close` deletes the namespace. */
export async function realCluster() {
  const deps = { ...testDeps(Math.random), clock: systemClock }
  const kube = createKube(createTransport(await connect({ kubeconfig: inject('kubeconfig') }), deps))
  const namespace = `hamlet-test-${randomUUID().slice(0, 8)}`
  await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  return {
    ...deps,
    kube,
    namespace,
    async close() {
      await kube.delete(resources.namespace, { name: namespace })
      await kube.close()
    },
  }
}

/** Applies crds/ and waits until the API server serves all kinds. */
export async function installDefinitions(kube: KubeClient): Promise<void> {
  for (const name of ['communities', 'instances', 'rebalances']) {
    await kube.apply(parse(readFileSync(`crds/hamlet.coop_${name}.yaml`, 'utf8')), 'hamlet-test')
  }
  for (const resource of [resources.community, resources.instance, resources.rebalance]) {
    for (let tries = 0; ; tries++) {
      try {
        await kube.list(resource)
        break
      } catch (error) {
        if (!isNotFound(error) || tries > 100) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  }
}
