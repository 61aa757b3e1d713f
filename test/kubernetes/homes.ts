// Instances in this process, on the databases and with the Secrets that the operator made for them.
import { onTestFinished } from 'vitest'
import type { Instance } from '../../instance/instance.ts'
import { type DirectoryTables, type InstanceTables, openDatabase } from '../../instance/store/database.ts'
import type { Reach } from '../../operator/apply/moving/reach.ts'
import { readSecret } from '../../operator/build/data/secrets.ts'
import { communitySecretName } from '../../operator/build/names.ts'
import { resources } from '../../operator/kube/resources.ts'
import { conditionOf } from '../../operator/testing/operate.ts'
import type { Place, World } from '../../operator/testing/world.ts'
import { makeInstance, makeTestSiblings, type TestInstance } from '../postgres/instances.ts'
import { callThrough } from '../postgres/moves.ts'

export type TestHomes = {
  /** The operator's way to them. */
  readonly reach: Reach
  /** Starts those whose database is there. */
  serve(place: Place): Promise<void>
  at(ordinal: number): Instance
  ordinals(): number[]
}

/** `before` is awaited before each call of the operator to an instance. */
export function makeHomes(
  world: World,
  before: (path: string) => Promise<void> = async () => undefined,
): TestHomes {
  const network = makeTestSiblings()
  const homes = new Map<number, TestInstance>()
  const closing: (() => Promise<unknown>)[] = []
  onTestFinished(async () => {
    for (const close of closing.reverse()) await close()
  })
  const call = callThrough(network)
  return {
    reach: () => ({
      call: async (ordinal, path, options) => {
        const { signal } = options ?? {}
        await new Promise<void>((resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
          before(path).then(resolve, reject)
        })
        return call(ordinal, path, options)
      },
      close: async () => undefined,
    }),
    async serve({ namespace, name, domain }) {
      const secretOf = async (of: string) =>
        readSecret(await world.kube.get(resources.secret, { namespace, name: of })) ?? {}
      for (const instance of await world.kube.list(resources.instance, { namespace })) {
        const { ordinal } = Object(instance.spec)
        if (homes.has(ordinal) || conditionOf(instance, 'DatabaseReady')?.status !== 'True') continue
        const { 'directory-url': directoryUrl = '' } = await secretOf(communitySecretName(name))
        const { 'database-url': databaseUrl = '' } = await secretOf(instance.metadata.name)
        const directory = openDatabase<DirectoryTables>(directoryUrl, { name: 'test' })
        const db = openDatabase<InstanceTables>(databaseUrl, { name: 'test' })
        closing.push(
          () => directory.destroy(),
          () => db.destroy(),
        )
        const made = await makeInstance({ domain, directory, db }, ordinal, network)
        closing.push(() => made.close())
        homes.set(ordinal, made)
      }
      // What their polls would bring.
      for (const { instance } of homes.values()) await instance.homes.refresh()
    },
    ordinals: () => [...homes.keys()],
    at(ordinal) {
      const home = homes.get(ordinal)
      if (!home) throw new Error(`no home ${ordinal}`)
      return home.instance
    },
  }
}
