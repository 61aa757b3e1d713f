// The operator as it runs, for one test: elected and watching, in namespaces of its own.
import { onTestFinished } from 'vitest'
import type { Reach } from '../apply/moving/reach.ts'
import { readConfig } from '../config.ts'
import { resources } from '../kube/resources.ts'
import type { KubeObject } from '../kube/types.ts'
import { run } from '../main.ts'
import { createLogger } from '../serve/logger.ts'
import type { Setup } from './setup.ts'
import { playKubelet } from './world.ts'

let namespaces = 0

/** Until it holds, or `ms` have passed: then what was seen last is in the message. */
export async function until<T>(
  what: string,
  look: () => Promise<T>,
  holds: (seen: T) => unknown,
  ms = 20_000,
): Promise<T> {
  const end = Date.now() + ms
  for (;;) {
    const seen = await look()
    if (holds(seen)) return seen
    if (Date.now() > end) throw new Error(`${what}: ${JSON.stringify(seen, undefined, 1)}`)
    await new Promise((wake) => setTimeout(wake, 50))
  }
}

/**
 * A running operator for namespaces of this test. `reach` is its way to instances, which have no ports here; without one
 * nobody answers.
 */
export async function operate({ api, world, reach }: Setup & { readonly reach?: Reach }, ...names: string[]) {
  const { kube } = api
  const prefix = `t${++namespaces}`
  const spaces = names.map((name) => `${prefix}-${name}`)
  for (const name of spaces) await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const config = readConfig({
    HAMLET_NAMESPACE: world.operatorNamespace,
    HAMLET_WATCH_NAMESPACES: spaces.join(','),
    HAMLET_INSTANCE_IMAGE: 'hamlet.example/hamlet:1',
    HAMLET_POSTGRES_HOST: world.admin.host,
    HAMLET_POSTGRES_PORT: String(world.admin.port),
    HAMLET_CA_SECRET: 'hamlet-ca',
    HAMLET_PORT: '0',
  })
  const start = () => {
    const stop = new AbortController()
    const { promise: port, resolve } = Promise.withResolvers<number>()
    const ended = run(config, stop.signal, api.connection, createLogger('silent'), resolve, reach ?? nobody)
    const close = async () => {
      stop.abort()
      return ended
    }
    onTestFinished(async () => void (await close()))
    return { port, close }
  }
  const { port, close } = start()
  const create = (namespace: number, spec: object, metadata: object = {}) =>
    kube.create({
      apiVersion: 'hamlet.coop/v1alpha1',
      kind: 'Community',
      metadata: { name: 'garden', namespace: spaces[namespace] ?? '', ...metadata },
      spec: { domain: `${prefix}.example`, ...spec },
    })
  const place = (namespace = 0) => ({
    namespace: spaces[namespace] ?? '',
    name: 'garden',
    domain: `${prefix}.example`,
  })
  const community = (namespace = 0) => kube.get(resources.community, place(namespace))
  const ready = (status: string, reason: string, namespace = 0) =>
    until(
      `Ready ${status} ${reason}`,
      async () => {
        await playKubelet(world, place(namespace))
        return community(namespace)
      },
      (seen) => matches(seen, status, reason),
    )
  return { kube, spaces, port: await port, create, place, community, ready, close, start }
}

const nobody: Reach = () => ({
  call: () => Promise.reject(new Error('there are no instances here')),
  close: async () => undefined,
})

export const conditionOf = (object: KubeObject | undefined, type: string) =>
  (Object(object?.status).conditions ?? []).find((one: { type: string }) => one.type === type)
const matches = (object: KubeObject | undefined, status: string, reason: string): boolean => {
  const ready = conditionOf(object, 'Ready')
  return (
    ready?.status === status &&
    ready.reason === reason &&
    ready.observedGeneration === object?.metadata.generation
  )
}
