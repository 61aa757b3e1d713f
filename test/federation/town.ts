// Whole communities in one process, at their real addresses: HTTPS with certificates of a CA of the run, over loopback.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createConnection, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import tls from 'node:tls'
import pg from 'pg'
import pino from 'pino'
import { makeKeyPairs } from '../../instance/accounts/credentials/keys.ts'
import type { Config } from '../../instance/config.ts'
import { type Running, startInstance } from '../../instance/start/start.ts'
import { makeCommunity, type TestCommunity } from '../postgres/databases.ts'
import { certificate } from './tls.ts'

/** Name to address: shared by all towns of a test, and filled as they open. */
export type Network = Map<string, string>

export type Town = {
  readonly domain: string
  readonly community: TestCommunity
  /** Running instances by ordinal. */
  readonly running: Map<number, Running>
  /** The one that answers at the domain; any by default. */
  front: number
  /** Starts an instance (again), at a new internal address. */
  start(ordinal: number): Promise<Running>
  stop(ordinal: number): Promise<void>
  close(): Promise<void>
}

/** TLS in front, as an ingress does it; it hands on bytes to whichever port is `target()`. */
async function listenTls(
  domain: string,
  target: () => number | undefined,
): Promise<{ port: number; server: Server }> {
  const server = tls.createServer(await certificate(domain), (socket) => {
    const port = target()
    if (port === undefined) return socket.destroy()
    const inner: Socket = createConnection(port, '127.0.0.1')
    inner.on('error', () => socket.destroy())
    socket.on('error', () => inner.destroy())
    socket.on('close', () => inner.destroy())
    inner.on('close', () => socket.destroy())
    socket.pipe(inner).pipe(socket)
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { server, port: typeof address === 'object' && address ? address.port : 0 }
}

export async function openTown(
  postgresPort: number,
  network: Network,
  options: {
    readonly domain: string
    readonly homes?: number
    /** Seats of each instance. */
    readonly cap?: number
    readonly clock?: () => Date
  },
): Promise<Town> {
  const { domain, homes = 1 } = options
  const community = await makeCommunity(postgresPort, { domain, homes, cap: options.cap ?? 300 })
  const folder = await mkdtemp(joinPath(tmpdir(), 'hamlet-town-'))
  const keyFile = joinPath(folder, 'internal-key')
  await writeFile(keyFile, 'an internal key of this test')
  const admin = new pg.Client({ connectionString: community.adminUrls.directory })
  await admin.connect()
  for (const [position, key] of (await makeKeyPairs()).entries()) {
    await admin.query(
      'INSERT INTO actor_keys (position, algorithm, private_jwk, public_jwk) VALUES ($1, $2, $3, $4)',
      [position, key.algorithm, JSON.stringify(key.private_jwk), JSON.stringify(key.public_jwk)],
    )
  }
  const running = new Map<number, Running>()
  const town: Town = {
    domain,
    community,
    running,
    front: 1,
    start: async (ordinal) => {
      const config: Config = {
        domain,
        ordinal,
        origin: `https://${domain}`,
        databaseUrl: community.homes.get(ordinal)?.url ?? '',
        directoryUrl: community.directoryUrl,
        internalKeyFile: keyFile,
        publicPort: 0,
        internalPort: 0,
        egress: { allow: ['127.0.0.0/8'], hosts: network },
        wakeUrl: undefined,
        logLevel: 'silent',
      }
      const one = await startInstance(config, {
        log: pino({ level: process.env.TEST_LOG ?? 'silent', base: { town: domain, ordinal } }),
        clock: options.clock ?? (() => new Date()),
        random: Math.random,
        signal: new AbortController().signal,
        host: '127.0.0.1',
      })
      running.set(ordinal, one)
      await admin.query('UPDATE instances SET address = $1 WHERE ordinal = $2', [
        `http://127.0.0.1:${one.internalPort}`,
        ordinal,
      ])
      await admin.query('UPDATE meta SET revision = revision + 1')
      for (const other of running.values()) await other.instance.homes.refresh()
      return one
    },
    stop: async (ordinal) => {
      const one = running.get(ordinal)
      running.delete(ordinal)
      await one?.stop({ noticeMs: 0, finishMs: 5_000 })
    },
    close: async () => {
      for (const ordinal of [...running.keys()]) await town.stop(ordinal)
      server.close()
      await admin.end()
      await community.close()
      await rm(folder, { recursive: true })
    },
  }
  const { server, port } = await listenTls(domain, () => running.get(town.front)?.port)
  network.set(domain, `127.0.0.1:${port}`)
  for (let ordinal = 1; ordinal <= homes; ordinal++) await town.start(ordinal)
  return town
}
