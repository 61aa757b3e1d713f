// Whole communities in one process, for tests: real databases, whole instances, and a front with the community's name.
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { makeKeyPairs } from '../instance/accounts/credentials/keys.ts'
import { type Config, readConfig } from '../instance/config.ts'
import { type Running, startInstance } from '../instance/start/start.ts'
import { type Front, startFront, type TestAuthority, trustedAuthority } from './front.ts'
import { makeCommunity, type TestCommunity } from './postgres/databases.ts'

export type CommunityOptions = {
  readonly homes?: number
  readonly cap?: number
  readonly registration?: string
}

export type LiveCommunity = {
  readonly domain: string
  readonly databases: TestCommunity
  /** The name and certificate of the community, at a port of this machine: what a visitor needs. */
  readonly site: { readonly domain: string; readonly port: number; readonly ca: string }
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
}

export type World<Name extends string> = {
  readonly communities: Readonly<Record<Name, LiveCommunity>>
  close(): Promise<void>
}

type Settings = {
  readonly postgresPort: number
  readonly logLevel?: Config['logLevel']
  /** One that others of this world use already. */
  readonly authority?: TestAuthority
  /** Servers that are no communities of ours, by their names. */
  readonly strangers?: readonly { readonly domain: string; readonly port: number }[]
}

/** Communities that can reach each other by their names, with certificates that this process trusts; all up. */
export async function startWorld<Name extends string>(
  settings: Settings,
  wanted: Readonly<Record<Name, CommunityOptions>>,
): Promise<World<Name>> {
  const authority = settings.authority ?? (await trustedAuthority())
  const names = Object.keys(wanted) as Name[]
  const plans = await Promise.all(names.map((name) => planCommunity(authority, name, wanted[name])))
  // The resolver of everybody in this world.
  const hosts = new Map(plans.map(({ domain, front }) => [domain, `127.0.0.1:${front.port}`]))
  for (const { domain, port } of settings.strangers ?? []) hosts.set(domain, `127.0.0.1:${port}`)
  const started = await Promise.all(plans.map((plan) => startPlanned(settings, plan, hosts)))
  const communities: Partial<Record<Name, LiveCommunity>> = {}
  for (const [index, { live }] of started.entries()) {
    const name = names[index]
    if (name) communities[name] = live
  }
  return {
    communities: communities as Record<Name, LiveCommunity>,
    close: async () => {
      await Promise.all(started.map(({ close }) => close()))
    },
  }
}

/** One community, all its instances up. */
export async function startCommunity(
  settings: Settings,
  options: CommunityOptions = {},
): Promise<LiveCommunity & { close(): Promise<void> }> {
  const world = await startWorld(settings, { community: options })
  return { ...world.communities.community, close: world.close }
}

type Plan = {
  readonly domain: string
  readonly options: CommunityOptions
  readonly authority: TestAuthority
  readonly front: Front
  readonly instances: Map<number, Running>
}

async function planCommunity(
  authority: TestAuthority,
  name: string,
  options: CommunityOptions,
): Promise<Plan> {
  const domain = `${name}-${randomBytes(4).toString('hex')}.example`
  const instances = new Map<number, Running>()
  const front = await startFront(domain, authority, () => [...instances.values()].map(({ port }) => port))
  return { domain, options, authority, front, instances }
}

async function startPlanned(
  { postgresPort, logLevel = 'silent' }: Settings,
  { domain, options, authority, front, instances }: Plan,
  hosts: ReadonlyMap<string, string>,
): Promise<{ live: LiveCommunity; close(): Promise<void> }> {
  const { homes = 1, cap = 300, registration = 'Open' } = options
  const databases = await makeCommunity(postgresPort, { homes, cap, registration, domain })
  const folder = await mkdtemp(join(tmpdir(), 'hamlet-instances-'))
  const key = randomBytes(24).toString('hex')

  const admin = async <Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> => {
    const client = new pg.Client({ connectionString: databases.adminUrls.directory })
    await client.connect()
    try {
      return (await client.query(sql, [...values])).rows
    } finally {
      await client.end()
    }
  }
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
      { ...config, egress: { ...config.egress, hosts } },
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
    live: {
      domain,
      databases,
      site: { domain, port: front.port, ca: authority.cert },
      answers: front.answers,
      url: (ordinal) => `http://127.0.0.1:${running(ordinal).port}`,
      running,
      admin,
      start,
      stop,
    },
    close: async () => {
      await front.close()
      await Promise.all([...instances.keys()].map(stop))
      await databases.close()
      await rm(folder, { recursive: true })
    },
  }
}
