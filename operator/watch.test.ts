import { expect, test } from 'vitest'
import type { Ended } from './apply/moving/movers.ts'
import { KubeError } from './kube/error.ts'
import { testDeps } from './kube/testing/deps.ts'
import type { KubeClient, KubeObject, Resource, Selection } from './kube/types.ts'
import { createControllers } from './watch.ts'

const unused = (): never => {
  throw new Error('not for this test')
}

/** Changes of Rebalances, as a watch tells them. */
function createChanges() {
  let coming = Promise.withResolvers<KubeObject>()
  return {
    push: (object: KubeObject) => coming.resolve(object),
    async next(): Promise<KubeObject> {
      const object = await coming.promise
      coming = Promise.withResolvers()
      return object
    },
  }
}

/** A cluster with a Community, and these other objects, in every namespace that may be looked into. */
function cluster(
  forbidden: readonly string[],
  others: readonly KubeObject[] = [],
  changes = createChanges(),
): KubeClient {
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
          : others.filter((one) => one.kind === kind && one.metadata.namespace === namespace)
      return { items, resourceVersion: '1' }
    },
    async *watch({ kind }, _selection, { signal }) {
      const stopped = new Promise<undefined>((resolve) =>
        signal.addEventListener('abort', () => resolve(undefined)),
      )
      const next = () => (kind === 'Rebalance' ? Promise.race([changes.next(), stopped]) : stopped)
      for (let object = await next(); object; object = await next()) yield { type: 'MODIFIED', object }
    },
  }
}

function start(
  namespaces: readonly string[],
  forbidden: readonly string[],
  others: readonly KubeObject[] = [],
) {
  const deps = testDeps()
  const reconciled = new Set<string>()
  /** Keys of Rebalances, as often as they are looked at. */
  const looks: string[] = []
  const ends: ((ended: Ended) => void)[] = []
  const changes = createChanges()
  const controllers = createControllers({
    ...deps,
    config: { watch: namespaces },
    rollouts: { saw: () => [] },
    movers: { onEnd: (listener) => void ends.push(listener) },
    kube: cluster(forbidden, others, changes),
    reconcilers: {
      community: async (key) => {
        reconciled.add(key)
        return {}
      },
      instance: async () => ({}),
      rebalance: async (key) => {
        looks.push(key)
        return {}
      },
    },
  })
  controllers.watch()
  void controllers.start()
  /** What is looked at because of this. */
  const after = async (happen: () => void) => {
    await deps.clock.pass(1000)
    looks.length = 0
    happen()
    await deps.clock.pass(1000)
    return looks.toSorted()
  }
  return {
    ...deps,
    controllers,
    reconciled,
    whenEnds: (ended: Ended) =>
      after(() => {
        for (const listener of ends) listener(ended)
      }),
    whenChanges: (object: KubeObject) => after(() => changes.push(object)),
  }
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

let versions = 0
const rebalance = (
  name: string,
  phase: string | undefined,
  spec: object = {},
  community = 'garden',
): KubeObject => ({
  apiVersion: 'hamlet.coop/v1alpha1',
  kind: 'Rebalance',
  metadata: { name, namespace: 'town', uid: name, resourceVersion: String(++versions) },
  spec: { community, approved: true, ...spec },
  ...(phase && { status: { phase } }),
})

test('when a move ends, the Rebalance that waits for it is looked at, whichever one had begun it', async () => {
  const { whenEnds } = start(
    ['town'],
    [],
    [rebalance('next', 'Moving'), rebalance('over', 'Done'), rebalance('elsewhere', 'Moving', {}, 'orchard')],
  )
  const instances = ['town/garden-1', 'town/garden-2']
  // The one that had begun it was deleted meanwhile.
  expect(await whenEnds({ key: 'town/deleted', undone: false, instances })).toEqual([
    'town/deleted',
    'town/next',
  ])
})

test('one that takes its turn is looked at when another one may pass it by, and all are when it yields', async () => {
  const { whenChanges } = start(
    ['town'],
    [],
    [
      rebalance('night', 'Proposed', { approved: false }),
      rebalance('day', 'Waiting', { approved: false }),
      rebalance('elsewhere', 'Proposed', {}, 'orchard'),
    ],
  )
  // Made just now, and approved.
  expect(await whenChanges(rebalance('garden-r1', undefined))).toEqual(['town/garden-r1', 'town/night'])
  expect(await whenChanges(rebalance('night', 'Waiting', { approved: false }))).toContain('town/garden-r1')
  // What is told of the one that is worked on disturbs nobody who waits.
  expect(await whenChanges(rebalance('garden-r1', 'Moving'))).toEqual(['town/garden-r1'])
  for (const yields of [
    rebalance('garden-r1', 'Moving', { approved: false }),
    rebalance('garden-r1', 'Done'),
  ])
    expect(await whenChanges(yields)).toEqual(
      expect.arrayContaining(['town/day', 'town/garden-r1', 'town/night']),
    )
})
