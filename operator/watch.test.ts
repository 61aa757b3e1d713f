import { expect, test } from 'vitest'
import { KubeError } from './kube/error.ts'
import { testDeps } from './kube/testing/deps.ts'
import type { KubeClient, KubeObject, Resource, Selection } from './kube/types.ts'
import { createControllers } from './watch.ts'

const unused = (): never => {
  throw new Error('not for this test')
}

/** A cluster with a Community in every namespace that may be looked into. */
function cluster(forbidden: readonly string[]): KubeClient {
  return {
    get: unused,
    list: unused,
    create: unused,
    apply: unused,
    applyStatus: unused,
    replace: unused,
    patch: unused,
    delete: unused,
    close: unused,
    snapshot: async ({ kind }: Resource, { namespace = '' }: Selection) => {
      if (forbidden.includes(namespace))
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'not allowed' })
      const items: KubeObject[] =
        kind === 'Community'
          ? [{ apiVersion: 'v1', kind, metadata: { name: 'garden', namespace, resourceVersion: '1' } }]
          : []
      return { items, resourceVersion: '1' }
    },
    async *watch(_resource, _selection, { signal }) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
  }
}

function start(namespaces: readonly string[], forbidden: readonly string[]) {
  const deps = testDeps()
  const reconciled = new Set<string>()
  const controllers = createControllers({
    ...deps,
    config: { watch: namespaces },
    rollouts: { saw: () => [] },
    movers: { onEnd: () => undefined },
    kube: cluster(forbidden),
    reconcilers: {
      community: async (key) => {
        reconciled.add(key)
        return {}
      },
      instance: async () => ({}),
      rebalance: async () => ({}),
    },
  })
  controllers.watch()
  void controllers.start()
  return { ...deps, controllers, reconciled }
}

test('a namespace that is gone, and our rights with it, holds up no other one', async () => {
  const { clock, controllers, reconciled } = start(['gone', 'town'], ['gone'])
  await clock.pass(1000)
  expect(controllers.synced()).toBe(true)
  expect([...reconciled]).toEqual(['town/garden'])
  // Nor does it ever look as if the API server had fallen silent there.
  await clock.pass(90_000)
  expect(controllers.age()).toBeLessThan(100_000)
})

test('without rights anywhere it is not ready', async () => {
  const { clock, controllers } = start(['gone', 'town'], ['gone', 'town'])
  await clock.pass(60_000)
  expect(controllers.synced()).toBe(false)
})
