// The operator as it runs, for one test: elected and watching, in namespaces of its own.
import { onTestFinished } from 'vitest'
import { readConfig } from '../config.ts'
import { resources } from '../kube/resources.ts'
import type { KubeObject } from '../kube/types.ts'
import { run } from '../main.ts'
import { createLogger } from '../serve/logger.ts'
import type { Setup } from './setup.ts'
import { playKubelet } from './world.ts'

let namespaces = 0

/** Until it holds, or 20 s have passed: then what was seen last is in the message. */
export async function until<T>(
  what: string,
  look: () => Promise<T>,
  holds: (seen: T) => unknown,
): Promise<T> {
  const end = Date.now() + 20_000
  for (;;) {
    const seen = await look()
    if (holds(seen)) return seen
    if (Date.now() > end) throw new Error(`${what}: ${JSON.stringify(seen, undefined, 1)}`)
    await new Promise((wake) => setTimeout(wake, 50))
  }
}

/** A running operator for namespaces of this test. */
export async function operate({ api, world }: Setup, ...names: string[]) {
  const { kube } = api
  const prefix = `t${++namespaces}`
  const spaces = names.map((name) => `${prefix}-${name}`)
  for (const name of spaces) await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const stop = new AbortController()
  const { promise: port, resolve } = Promise.withResolvers<number>()
  const config = readConfig({
    HAMLET_NAMESPACE: world.operatorNamespace,
    HAMLET_WATCH_NAMESPACES: spaces.join(','),
    HAMLET_INSTANCE_IMAGE: 'hamlet.example/hamlet:1',
    HAMLET_POSTGRES_HOST: world.admin.host,
    HAMLET_POSTGRES_PORT: String(world.admin.port),
    HAMLET_CA_SECRET: 'hamlet-ca',
    HAMLET_PORT: '0',
  })
  const ended = run(config, stop.signal, api.connection, createLogger('silent'), resolve)
  const close = async () => {
    stop.abort()
    return ended
  }
  onTestFinished(async () => void (await close()))
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
  return { kube, spaces, port: await port, create, place, community, ready, close }
}

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
