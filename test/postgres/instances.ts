// Instances on a test community's databases, without ports: siblings call each other's real routes in the process.
import Fastify, { type FastifyInstance } from 'fastify'
import pino from 'pino'
import { type KeyPairs, makeKeyPairs, makeKeyPool } from '../../instance/accounts/credentials/keys.ts'
import { makePasswords } from '../../instance/accounts/credentials/passwords.ts'
import { registerInternal } from '../../instance/accounts/internal.ts'
import { openHomes } from '../../instance/directory/homes.ts'
import { createEgress, type Egress } from '../../instance/federation/egress/egress.ts'
import { registerInternal as registerFederationInternal } from '../../instance/federation/internal.ts'
import { createWake } from '../../instance/federation/wake.ts'
import type { Instance } from '../../instance/instance.ts'
import { registerMoves } from '../../instance/move/internal.ts'
import { registerTies } from '../../instance/move/ties/ties.ts'
import {
  ORDINAL_HEADER,
  type RawAnswer,
  type RawCall,
  type SiblingAnswer,
  type SiblingCall,
  type Siblings,
  SiblingUnreachable,
} from '../../instance/siblings/client.ts'
import { registerStays, yieldToSiblings } from '../../instance/siblings/stays.ts'
import { type Boot, insertBoot } from '../../instance/store/boots/boots.ts'
import type { DirectoryDatabase, InstanceDatabase } from '../../instance/store/database.ts'
import type { TestCommunity } from './databases.ts'

export type TestInstance = {
  readonly instance: Instance
  readonly boot: Boot
  /** What a process does when it starts again on the same database. */
  reboot(): Promise<void>
  close(): Promise<void>
}

export type TestSiblings = {
  /** Ordinals that refuse connections. */
  readonly down: Set<number>
  readonly apps: Map<number, FastifyInstance>
  /** Stands around every call, of a sibling or of the operator: may hold it, lose it or lose its answer. */
  around?: (call: TestCall, send: () => Promise<SiblingAnswer>) => Promise<SiblingAnswer>
  /** Takes what one door hands to another. */
  door?: (from: number, to: number, call: RawCall) => Promise<RawAnswer>
}

export type TestCall = {
  readonly from: number | 'operator'
  readonly to: number
  readonly path: string
  readonly body: unknown
}

/** Calls an instance's internal port. */
export async function callInternal(
  network: TestSiblings,
  from: number | 'operator',
  to: number,
  path: string,
  { method, body }: SiblingCall = {},
): Promise<SiblingAnswer> {
  const send = async () => {
    const app = network.apps.get(to)
    if (!app || network.down.has(to)) throw new SiblingUnreachable(to, true, new Error('down'))
    const answer = await app.inject({
      url: path,
      method: method === 'POST' || (method === undefined && body !== undefined) ? 'POST' : 'GET',
      headers: {
        'content-type': 'application/json',
        ...(from !== 'operator' && { [ORDINAL_HEADER]: String(from) }),
      },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    })
    return { status: answer.statusCode, body: answer.body === '' ? undefined : JSON.parse(answer.body) }
  }
  return network.around ? network.around({ from, to, path, body }, send) : send()
}

export const makeTestSiblings = (): TestSiblings => ({ down: new Set(), apps: new Map() })

/** One pair for all members of a run: making them is measured elsewhere, and takes a core. */
let shared: Promise<KeyPairs> | undefined

/** Starts an instance as a process would: identity aside, the directory is read and a boot row inserted. */
export async function makeInstance(
  community: Pick<TestCommunity, 'domain'> & { directory: DirectoryDatabase; db: InstanceDatabase },
  ordinal: number,
  network: TestSiblings = makeTestSiblings(),
  other: { readonly egress?: Egress; readonly clock?: () => Date } = {},
): Promise<TestInstance> {
  const log = pino({ level: 'silent' })
  const { directory, db, domain } = community
  const homes = openHomes({ directory, db, log, random: Math.random })
  const egress = other.egress ?? createEgress({ userAgent: 'test' })
  const siblings: Siblings = {
    call: (to, path, options) => callInternal(network, ordinal, to, path, options),
    send: (to, call) =>
      network.door
        ? network.door(ordinal, to, call)
        : Promise.reject(new Error('doors are tested elsewhere')),
    accepts: () => true,
    load: () => ({ connected: 0, running: 0, queued: 0 }),
    close: async () => undefined,
  }
  const start = () =>
    insertBoot({
      db,
      directory,
      homes,
      ordinal,
      log,
      random: Math.random,
      yieldToSiblings: () => yieldToSiblings({ db, homes, siblings, log, ordinal }),
    })
  let boot = await start()
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
    clock: other.clock ?? (() => new Date()),
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
  registerStays(app, instance)
  await app.ready()
  network.apps.set(ordinal, app)
  return {
    instance,
    get boot() {
      return boot
    },
    reboot: async () => {
      boot = await start()
    },
    close: async () => {
      await app.close()
      await egress.close()
      // What it saw half before and half after the next test would be noted in its database.
      await homes.idle()
    },
  }
}

/** The parts of a community that one of its instances is made from. */
export function homeOf(community: TestCommunity, ordinal: number) {
  const home = community.homes.get(ordinal)
  if (!home) throw new Error(`no home ${ordinal}`)
  return { domain: community.domain, directory: community.directory, db: home.db }
}
