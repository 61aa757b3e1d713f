// Instances on a test community's databases, without ports: siblings call each other's real routes in the process.
import Fastify, { type FastifyInstance } from 'fastify'
import pino from 'pino'
import { type KeyPairs, makeKeyPairs, makeKeyPool } from '../../instance/accounts/credentials/keys.ts'
import { makePasswords } from '../../instance/accounts/credentials/passwords.ts'
import { registerInternal } from '../../instance/accounts/internal.ts'
import { openHomes } from '../../instance/directory/homes.ts'
import { createEgress } from '../../instance/federation/egress/egress.ts'
import { registerInternal as registerFederationInternal } from '../../instance/federation/internal.ts'
import { createWake } from '../../instance/federation/wake.ts'
import type { Instance } from '../../instance/instance.ts'
import { registerMoves } from '../../instance/move/internal.ts'
import { registerTies } from '../../instance/move/ties/ties.ts'
import { ORDINAL_HEADER, type Siblings, SiblingUnreachable } from '../../instance/siblings/client.ts'
import { type Boot, insertBoot } from '../../instance/store/boots.ts'
import type { DirectoryDatabase, InstanceDatabase } from '../../instance/store/database.ts'
import type { TestCommunity } from './databases.ts'

export type TestInstance = { readonly instance: Instance; readonly boot: Boot; close(): Promise<void> }

export type TestSiblings = {
  /** Ordinals that refuse connections. */
  readonly down: Set<number>
  readonly apps: Map<number, FastifyInstance>
}

export const makeTestSiblings = (): TestSiblings => ({ down: new Set(), apps: new Map() })

/** One pair for all members of a run: making them is measured elsewhere, and takes a core. */
let shared: Promise<KeyPairs> | undefined

/** Starts an instance as a process would: identity aside, the directory is read and a boot row inserted. */
export async function makeInstance(
  community: Pick<TestCommunity, 'domain'> & { directory: DirectoryDatabase; db: InstanceDatabase },
  ordinal: number,
  network: TestSiblings = makeTestSiblings(),
): Promise<TestInstance> {
  const log = pino({ level: 'silent' })
  const { directory, db, domain } = community
  const homes = openHomes({ directory, db, log, random: Math.random })
  const boot = await insertBoot({ db, homes, ordinal, log, random: Math.random })
  const egress = createEgress({ userAgent: 'test' })
  const siblings: Siblings = {
    call: async (to, path, { method, body } = {}) => {
      const app = network.apps.get(to)
      if (!app || network.down.has(to)) throw new SiblingUnreachable(to, true, new Error('down'))
      const answer = await app.inject({
        url: path,
        method: method === 'POST' || body !== undefined ? 'POST' : 'GET',
        headers: { 'content-type': 'application/json', [ORDINAL_HEADER]: String(ordinal) },
        ...(body !== undefined && { payload: JSON.stringify(body) }),
      })
      return { status: answer.statusCode, body: answer.body === '' ? undefined : JSON.parse(answer.body) }
    },
    send: () => Promise.reject(new Error('doors are tested elsewhere')),
    accepts: () => true,
    load: () => ({ connected: 0, running: 0, queued: 0 }),
    close: async () => undefined,
  }
  const instance: Instance = {
    config: {
      domain,
      ordinal,
      origin: `https://${domain}`,
      databaseUrl: '',
      directoryUrl: '',
      internalKeyFile: '',
      publicPort: 0,
      internalPort: 0,
      egress: { allow: [], hosts: new Map() },
      wakeUrl: undefined,
      logLevel: 'silent',
    },
    db,
    directory,
    homes,
    settings: homes.settings,
    secret: homes.secret(),
    egress,
    siblings,
    wake: createWake(),
    // argon2's smallest cost: what is tested here is not how long it takes.
    passwords: makePasswords({ memory: 8, passes: 1, parallelism: 1 }),
    keys: makeKeyPool({
      make: () => {
        shared ??= makeKeyPairs()
        return shared
      },
    }),
    clock: () => new Date(),
    random: Math.random,
    log,
    get boot() {
      return boot.id
    },
  }
  const app = Fastify()
  app.decorateRequest('sibling', undefined)
  app.addHook('onRequest', async (request) => {
    const from = request.headers[ORDINAL_HEADER]
    if (from !== undefined) request.sibling = Number(from)
  })
  registerInternal(app, instance)
  registerFederationInternal(app, instance)
  registerMoves(app, instance)
  registerTies(app, instance)
  await app.ready()
  network.apps.set(ordinal, app)
  return {
    instance,
    boot,
    close: async () => {
      await app.close()
      await egress.close()
    },
  }
}

/** The parts of a community that one of its instances is made from. */
export function homeOf(community: TestCommunity, ordinal: number) {
  const home = community.homes.get(ordinal)
  if (!home) throw new Error(`no home ${ordinal}`)
  return { domain: community.domain, directory: community.directory, db: home.db }
}
