import { expect, test } from 'vitest'
import { configMap } from '../testing/api-server.ts'
import { testDeps } from '../testing/deps.ts'
import type { KubeObject, WatchEvent } from '../types.ts'
import { type ControllerOptions, createController } from './controller.ts'
import { createReflector } from './reflector.ts'

function make(
  items: KubeObject[],
  reconcile: ControllerOptions['reconcile'],
  more: Partial<ControllerOptions> = {},
) {
  const deps = testDeps()
  const kube = {
    snapshot: async () => ({ items, resourceVersion: '1' }),
    async *watch(_r: object, _s: object, { signal }: { signal: AbortSignal }): AsyncGenerator<WatchEvent> {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    },
  }
  const resource = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true }
  // The watchdog would need a stream of bookmarks.
  const reflector = createReflector({ resource, silenceMs: 1e9 }, { ...deps, kube })
  const controller = createController({ name: 'test', sources: [{ reflector }], reconcile, ...more }, deps)
  return { ...deps, reflector, controller }
}

test('nothing is worked on before everything is listed', async () => {
  const seen: string[] = []
  const { controller, reflector, clock } = make([configMap('a', '1')], async (key) => void seen.push(key))
  const starting = controller.start()
  controller.enqueue('default/a')
  await clock.pass(1000)
  expect(seen).toEqual([])
  reflector.start()
  await starting
  await clock.pass(0)
  expect(seen).toEqual(['default/a'])
})

test('a failure is tried again later, a wish to look again is kept, and all is looked at from time to time', async () => {
  const at: number[] = []
  const { controller, reflector, clock, metrics } = make([configMap('a', '1')], async () => {
    at.push(clock.now())
    if (at.length <= 2) throw new Error('not yet')
    return at.length === 3 ? { requeueAfterMs: 5000 } : undefined
  })
  reflector.start()
  const starting = controller.start()
  await clock.pass(0)
  await starting
  await clock.pass(590_000)
  expect(at).toEqual([0, 200, 600, 5600])
  await clock.pass(100_000)
  expect(at).toHaveLength(5)
  const { values } = await metrics.reconcileErrors.get()
  expect(values).toMatchObject([{ value: 2 }])
})

test('what hangs is told to end at its deadline, and does not keep others waiting', async () => {
  const ended: string[] = []
  const { controller, reflector, clock } = make(
    [configMap('a', '1'), configMap('b', '1')],
    async (key, signal) => {
      if (key === 'default/a') {
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      }
      ended.push(key)
    },
    { deadlineMs: 60_000, workers: 2 },
  )
  reflector.start()
  const starting = controller.start()
  await clock.pass(0)
  await starting
  await clock.pass(59_000)
  expect(ended).toEqual(['default/b'])
  expect(controller.longestRunning()).toBe(59_000)
  await clock.pass(1000)
  expect(controller.longestRunning()).toBeLessThan(1000)
})

test('a stop lets what runs finish, and aborts it when that takes too long', async () => {
  let aborted = false
  const { controller, reflector, clock } = make([configMap('a', '1')], async (_, signal) => {
    await new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => {
        aborted = true
        resolve()
      }),
    )
  })
  reflector.start()
  const starting = controller.start()
  await clock.pass(0)
  await starting
  await clock.pass(0)
  let stopped = false
  const stopping = controller.stop(10_000).then(() => {
    stopped = true
  })
  await clock.pass(9000)
  expect([aborted, stopped]).toEqual([false, false])
  await clock.pass(1000)
  await stopping
  expect(aborted).toBe(true)
})
