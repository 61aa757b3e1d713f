// A small community in one process: instances that may die, a driver, a directory that may be down, and doors.
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import pg from 'pg'
import { pino } from 'pino'
import type { Instance } from '../../../instance/instance.ts'
import { buildPublicApp } from '../../../instance/server.ts'
import {
  KEY_HEADER,
  ORDINAL_HEADER,
  type RawAnswer,
  SiblingUnreachable,
} from '../../../instance/siblings/client.ts'
import type { DirectoryTables, InstanceTables } from '../../../instance/store/database.ts'
import type { DriveDeps } from '../../../operator/rebalance/drive/drive.ts'
import { makeCommunity, type TestCommunity } from '../../postgres/databases.ts'
import { Crash } from '../../postgres/faults.ts'
import {
  makeInstance,
  makeTestSiblings,
  type TestInstance,
  type TestSiblings,
} from '../../postgres/instances.ts'
import { callThrough } from '../../postgres/moves.ts'
import { databaseOf, fateAt, lost, makeProcess, type Process } from './process.ts'
import { farAway } from './remote.ts'

export type Pod = {
  readonly ordinal: number
  readonly process: Process
  readonly home: TestInstance
  readonly instance: Instance
  readonly app: FastifyInstance
  /** How far its clock is from the true time. */
  readonly clock: { skewMs: number }
  /** The database itself, past every fault. */
  readonly admin: pg.Pool
}

/** An activity as far.example got it. */
export type Arrived = {
  readonly inbox: string
  readonly id: string
  readonly type: string
  readonly object: string
}

export type World = {
  readonly community: TestCommunity
  readonly origin: string
  readonly pods: readonly Pod[]
  readonly network: TestSiblings
  readonly driver: Process
  readonly drive: DriveDeps
  readonly directory: pg.Pool
  /** Calls that were made to the verbs of moves, to be made again too late. */
  readonly calls: { readonly to: number; readonly path: string; readonly body: unknown }[]
  readonly arrived: Arrived[]
  directoryDown: boolean
  pod(ordinal: number): Pod
  /** Starts a process again that has died, or that is told to. */
  restart(process: Process): Promise<void>
  close(): Promise<void>
}

const CAP = 4

export async function openWorld(postgresPort: number, homes = 3): Promise<World> {
  const community = await makeCommunity(postgresPort, { homes, cap: CAP, domain: 'garden.example' })
  const network = makeTestSiblings()
  const pods: Pod[] = []
  const state = { directoryDown: false }
  const isDown = () => state.directoryDown
  const driver = makeProcess('driver')
  const egress = farAway()
  const byName = new Map<number | 'operator', Process>([['operator', driver]])
  const calls: World['calls'] = []
  network.around = async ({ from, to, path, body }, send) => {
    const by = byName.get(from) ?? driver
    const callee = byName.get(to)
    const verb = path.split('/').at(-1) ?? path
    if (path.startsWith('/internal/moves/')) calls.push({ to, path, body })
    const pass = async (when: 'before' | 'after') => {
      const fate = await fateAt({ is: 'call', by, verb, when })
      if (fate === 'crash-before' || fate === 'crash-after') by.life.dead = true
      if (by.life.dead) throw new Crash(`${by.name} has ended`)
      if (fate !== 'go') throw new SiblingUnreachable(to, false, lost())
    }
    await pass('before')
    if (callee?.life.dead) throw new SiblingUnreachable(to, true, lost())
    const life = callee?.life
    const answer = await send()
    if (life?.dead) throw new SiblingUnreachable(to, false, lost())
    await pass('after')
    return answer
  }
  network.door = async (from, to, call) => {
    const pod = pods[to - 1]
    if (!pod || pod.process.life.dead || network.down.has(to)) throw new SiblingUnreachable(to, true, lost())
    if (call.body !== null && !Buffer.isBuffer(call.body))
      throw new Error('only what is read, or short, is handed on')
    const { life } = pod.process
    const answer = await pod.app.inject({
      method: call.method === 'POST' ? 'POST' : 'GET',
      url: call.path,
      headers: {
        host: community.domain,
        ...call.headers,
        [KEY_HEADER]: 'key',
        [ORDINAL_HEADER]: String(from),
      },
      ...(call.body && { payload: call.body }),
    })
    // Who died in the middle has said nothing.
    if (life.dead) throw new SiblingUnreachable(to, false, lost())
    return asRaw(answer.statusCode, answer.headers, answer.rawPayload)
  }
  for (let ordinal = 1; ordinal <= homes; ordinal++) {
    const process = makeProcess(`instance ${ordinal}`)
    byName.set(ordinal, process)
    const parts = {
      domain: community.domain,
      directory: databaseOf<DirectoryTables>(community.directoryUrl, process, isDown),
      db: databaseOf<InstanceTables>(community.homes.get(ordinal)?.url ?? '', process),
    }
    const clock = { skewMs: 0 }
    const home = await makeInstance(parts, ordinal, network, {
      egress,
      clock: () => new Date(Date.now() + clock.skewMs),
    })
    const admin = adminOf(community.adminUrls.homes.get(ordinal))
    const app = await buildPublicApp(home.instance)
    pods.push({ ordinal, process, home, instance: home.instance, app, clock, admin })
  }
  const directory = adminOf(community.adminUrls.directory)
  const operators = databaseOf<DirectoryTables>(community.adminUrls.directory, driver, isDown)
  const pod = (ordinal: number) => {
    const found = pods[ordinal - 1]
    if (!found) throw new Error(`no instance ${ordinal}`)
    return found
  }
  return {
    community,
    origin: `https://${community.domain}`,
    pods,
    network,
    driver,
    drive: { directory: operators, call: callThrough(network), log: pino({ level: 'silent' }) },
    directory,
    calls,
    arrived: [],
    get directoryDown() {
      return state.directoryDown
    },
    set directoryDown(value) {
      state.directoryDown = value
    },
    pod,
    restart: async (process) => {
      process.life.dead = true
      process.life = { dead: false }
      const found = pods.find((one) => one.process === process)
      if (!found) return
      // Leases of the dead run out before anybody waits for them.
      for (const table of ['deliveries', 'intake']) {
        await found.admin.query(
          `UPDATE ${table} SET lease = NULL, leased_until = NULL WHERE lease IS NOT NULL`,
        )
      }
      // Who cannot start ends, and is started again.
      await found.home.reboot().catch((error: unknown) => {
        process.life.dead = true
        throw error
      })
    },
    close: async () => {
      for (const { app, home, admin, instance } of pods) {
        await app.close()
        await home.close()
        await instance.db.destroy()
        await instance.directory.destroy()
        await admin.end()
      }
      await operators.destroy()
      await directory.end()
      await community.close()
    },
  }
}

/** A connection that may break, when its database is restored, and is then made anew. */
function adminOf(connectionString: string | undefined): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 1 })
  pool.on('error', () => undefined)
  return pool
}

function asRaw(
  statusCode: number,
  headers: RawAnswer['headers'] | Record<string, unknown>,
  bytes: Buffer,
): RawAnswer {
  const body = Object.assign(Readable.from([bytes]), {
    dump: async () => undefined,
    text: async () => bytes.toString('utf8'),
    arrayBuffer: async () => Uint8Array.from(bytes).buffer,
  })
  const texts = Object.entries(headers).flatMap(([name, value]): [string, string | string[]][] =>
    typeof value === 'string'
      ? [[name, value]]
      : Array.isArray(value)
        ? [[name, value.map(String)]]
        : value === undefined
          ? []
          : [[name, String(value)]],
  )
  return { statusCode, headers: Object.fromEntries(texts), body }
}
