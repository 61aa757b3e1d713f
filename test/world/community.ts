// A whole community in this process: real databases, whole instances, and a front with the community's name.
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { makeKeyPairs } from '../../instance/accounts/credentials/keys.ts'
import { type Config, readConfig } from '../../instance/config.ts'
import { type Running, startInstance } from '../../instance/start/start.ts'
import { makeCommunity, runAt, type TestCommunity } from '../postgres/databases.ts'
import type { Site } from '../visitor/visitor.ts'
import { type Front, startFront } from './front.ts'
import { type Internet, openInternet } from './internet.ts'

type CommunityOptions = {
  /** One that nobody else has, if not given. */
  readonly domain?: string
  readonly homes?: number
  /** Seats of each instance. */
  readonly cap?: number
  readonly registration?: string
  /** The one instance that gets what comes in at the front; each in its turn if not given. */
  readonly front?: number
}

export type LiveCommunity = {
  readonly domain: string
  readonly databases: TestCommunity
  /** The name and certificate of the community, at a port of this machine: what a visitor needs. */
  readonly site: Site
  /** What came in at the front and how it was answered, since the start. */
  readonly answers: Front['answers']
  /** One instance's own public port, to choose the door. Ask with the header `host: <domain>`. */
  url(ordinal: number): string
  running(ordinal: number): Running
  /** In the directory, as the operator. */
  admin<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]>
  /** Ends an instance as a pod that is told to; its ports then refuse. */
  stop(ordinal: number): Promise<void>
  /** Starts it again, on other ports, with its address in the directory as the operator would write it. */
  start(ordinal: number): Promise<void>
  close(): Promise<void>
}

type Settings = {
  readonly postgresPort: number
  readonly logLevel?: Config['logLevel']
  /** The one that others use already. */
  readonly internet?: Internet
}

/** A community at its name in the internet, all its instances up. */
export async function startCommunity(
  { postgresPort, logLevel = 'silent', internet: shared }: Settings,
  options: CommunityOptions = {},
): Promise<LiveCommunity> {
  const { homes = 1, cap = 300, registration = 'Open' } = options
  const domain = options.domain ?? `community-${randomBytes(4).toString('hex')}.example`
  const internet = shared ?? (await openInternet())
  const instances = new Map<number, Running>()
  const front = await startFront(domain, internet, () =>
    [...instances]
      .filter(([ordinal]) => options.front === undefined || ordinal === options.front)
      .map(([, { port }]) => port),
  )
  const databases = await makeCommunity(postgresPort, { homes, cap, registration, domain })
  const folder = await mkdtemp(join(tmpdir(), 'hamlet-instances-'))
  const key = randomBytes(24).toString('hex')

  const admin = <Row>(sql: string, values?: readonly unknown[]) =>
    runAt<Row>(databases.adminUrls.directory, sql, values)
  for (const [position, key] of (await makeKeyPairs()).entries()) {
    await admin(
      'INSERT INTO actor_keys (position, algorithm, private_jwk, public_jwk) VALUES ($1, $2, $3, $4)',
      [position, key.algorithm, key.private_jwk, key.public_jwk],
    )
  }
  const running = (ordinal: number): Running => {
    const found = instances.get(ordinal)
    if (!found) throw new Error(`instance ${ordinal} of ${domain} is not running`)
    return found
  }
  const start = async (ordinal: number) => {
    const secrets = join(folder, String(ordinal))
    await mkdir(secrets, { recursive: true })
    await writeFile(join(secrets, 'database-url'), databases.homes.get(ordinal)?.url ?? '')
    await writeFile(join(secrets, 'directory-url'), databases.directoryUrl)
    await writeFile(join(secrets, 'internal-key'), `${key}\n`)
    const config = readConfig({
      HAMLET_DOMAIN: domain,
      HAMLET_ORDINAL: String(ordinal),
      HAMLET_SECRETS: secrets,
      HAMLET_EGRESS_ALLOW: '127.0.0.0/8',
      HAMLET_LOG_LEVEL: logLevel,
      HAMLET_PUBLIC_PORT: '0',
      HAMLET_INTERNAL_PORT: '0',
    })
    const one = await startInstance(
      { ...config, egress: { ...config.egress, hosts: internet.hosts } },
      {
        log: pino({ level: logLevel }).child({ domain, instance: ordinal }),
        clock: () => new Date(),
        random: Math.random,
        signal: new AbortController().signal,
        host: '127.0.0.1',
      },
    )
    const address = `http://127.0.0.1:${one.internalPort}`
    await admin('UPDATE instances SET address = $2 WHERE ordinal = $1', [ordinal, address])
    await admin('UPDATE meta SET revision = revision + 1')
    instances.set(ordinal, one)
    // Their poll would see it seconds later.
    for (const { instance } of instances.values()) await instance.homes.refresh()
  }
  const stop = async (ordinal: number) => {
    const one = instances.get(ordinal)
    instances.delete(ordinal)
    await one?.stop({ noticeMs: 0, finishMs: 5_000 })
  }

  for (let ordinal = 1; ordinal <= homes; ordinal++) await start(ordinal)
  return {
    domain,
    databases,
    site: { domain, port: front.port, ca: internet.ca },
    answers: front.answers,
    url: (ordinal) => `http://127.0.0.1:${running(ordinal).port}`,
    running,
    admin,
    start,
    stop,
    close: async () => {
      await front.close()
      await Promise.all([...instances.keys()].map(stop))
      await databases.close()
      await rm(folder, { recursive: true })
    },
  }
}
