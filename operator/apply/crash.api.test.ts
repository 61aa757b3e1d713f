// The life of a community (made, grown, resized, deleted), with the operator killed before and after every write that it
// makes to the API server and to PostgreSQL, and with every acknowledgement lost: it always ends the same.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import selfsigned from 'selfsigned'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { readMigrations } from '../../instance/store/migrations.ts'
import { type PostgresServer, startPostgres } from '../../test/postgres/server.ts'
import { readClaim } from '../build/data/claim.ts'
import { directoryName } from '../build/names.ts'
import { connect } from '../kube/client/connection.ts'
import { createKube } from '../kube/client/rest.ts'
import { createTransport, type Transport } from '../kube/client/transport.ts'
import { systemClock } from '../kube/clock.ts'
import { createKubeMetrics } from '../kube/metrics.ts'
import { resources } from '../kube/resources.ts'
import { makeActorKeys } from '../postgres/directory/keys.ts'
import { databasesOf, dropDatabase } from '../postgres/make/database.ts'
import { prepare } from '../postgres/prepared.ts'
import { systemIdentifier } from '../postgres/server/probe.ts'
import { openServer, withSession } from '../postgres/server/session.ts'
import { definitions } from '../testing/definitions.ts'
import { createFaults, type Fault, type Faults } from '../testing/faults.ts'
import { fingerprint } from '../testing/fingerprint.ts'
import { findClaim, type Place, settle, type World } from '../testing/world.ts'

let postgres: PostgresServer
let transport: Transport
let world: World
const run = randomBytes(3).toString('hex')

beforeAll(async () => {
  const log = pino({ level: 'silent' })
  const metrics = createKubeMetrics(new Registry())
  const connection = await connect({ kubeconfig: inject('kubeconfig') })
  transport = createTransport(connection, { clock: systemClock, random: Math.random, log, metrics })
  const kube = createKube(transport)
  await definitions(kube)
  postgres = await startPostgres()
  const root = new pg.Client({ connectionString: postgres.url('postgres') })
  await root.connect()
  await root.query("CREATE ROLE hamlet_admin LOGIN CREATEDB CREATEROLE PASSWORD 'x'")
  await root.end()
  const admin = {
    host: '127.0.0.1',
    port: postgres.port,
    username: 'hamlet_admin',
    password: 'x',
    database: 'postgres',
  }
  const operatorNamespace = `crash-${run}`
  await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: operatorNamespace } })
  const secret = (name: string, texts: Record<string, string>) =>
    kube.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: operatorNamespace },
      data: Object.fromEntries(
        Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
      ),
    })
  const ca = await selfsigned.generate([{ name: 'commonName', value: 'Test CA' }], {
    keySize: 2048,
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
  })
  await secret('hamlet-ca', { 'tls.crt': ca.cert, 'tls.key': ca.private })
  await secret('hamlet-postgres', { username: admin.username, password: admin.password })
  const migrations = {
    instance: await readMigrations('instance'),
    directory: await readMigrations('directory'),
  }
  world = { kube, admin, migrations, keys: await makeActorKeys(), operatorNamespace, skewMs: 0 }
  const server = openServer(admin)
  const prepared = prepare(migrations)
  await withSession(server, undefined, async (session) =>
    prepared.server(server, await systemIdentifier(session), session),
  )
  await Promise.all([prepared.template(server, 'directory'), prepared.template(server, 'instance')])
})
afterAll(async () => {
  await transport?.close()
  await postgres?.stop()
})

/** The server carries so many instances and no more. */
async function forget(place: Place): Promise<void> {
  const claim = await findClaim(world, place)
  if (!claim) return
  const server = openServer(world.admin)
  const { prefix } = readClaim(claim)
  const names = await withSession(server, undefined, (session) => databasesOf(session, prefix))
  for (const name of names) await dropDatabase(server, name)
}

type Life = { seen: unknown[]; writes: number[]; last: Faults }

/** Part after part of a life, up to the one in which the fault struck; what there was after each. */
async function live(id: string, faults: Faults): Promise<Life> {
  const { kube } = world
  const place: Place = { namespace: `crash-${run}-${id}`, name: 'garden', domain: `${id}.${run}.example` }
  const named = { namespace: place.namespace, name: place.name }
  const community = (spec: object, annotations: Record<string, string> = {}) =>
    kube.create({
      apiVersion: 'hamlet.coop/v1alpha1',
      kind: 'Community',
      metadata: { ...named, annotations },
      spec: { domain: place.domain, ...spec },
    })
  let prefix = ''
  const parts: (() => Promise<unknown>)[] = [
    () => community({ seats: { perInstance: 3, minutesBetweenInstances: 0 } }),
    async () => {
      const claim = await findClaim(world, place)
      if (!claim) throw new Error('no claim')
      prefix = readClaim(claim).prefix
      await withSession(openServer(world.admin), directoryName(prefix), (session) =>
        session.query(
          "INSERT INTO members (id, handle, home, state, role) VALUES (1, 'a', 1, 'active', 'organiser'), (2, 'b', 1, 'active', 'member'), (3, 'c', 1, 'active', 'member')",
        ),
      )
    },
    () => kube.patch(resources.community, named, { spec: { title: 'Other', seats: { perInstance: 5 } } }),
    () => kube.patch(resources.community, named, { spec: { seats: { perInstance: 2 } } }),
    () => kube.delete(resources.community, named),
    () => community({ deletionPolicy: 'Delete' }, { 'hamlet.coop/confirm-delete': place.domain }),
    () => kube.delete(resources.community, named),
  ]
  const seen: unknown[] = []
  const writes: number[] = []
  let last = faults
  await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: place.namespace } })
  for (const part of parts) {
    await part()
    last = await settle(world, place, last)
    writes.push(last.writes)
    seen.push(await fingerprint(world, place))
    if (faults.struck) {
      await forget(place)
      return { seen, writes, last }
    }
  }
  // Without its claim nothing says what its databases were called.
  seen.push(await withSession(openServer(world.admin), undefined, (session) => databasesOf(session, prefix)))
  return { seen, writes, last }
}

const FAULTS = ['killed before', 'killed after', 'acknowledgement lost'] as const satisfies Fault[]

// Every write while a community is made; of the rest of its life every n-th, as HAMLET_CRASHES says (1: all of them).
const every = Number(process.env.HAMLET_CRASHES ?? '6')

test('killed anywhere, it ends as if it had never been', async () => {
  const calm = await live('calm', createFaults())
  const [making = 0] = calm.writes
  const total = calm.last.writes
  expect(making).toBeGreaterThan(25)
  // Nothing is left at the end, and something was there before.
  expect(calm.seen.slice(-2)).toEqual([{ objects: [], databases: [] }, []])
  expect(calm.seen[0]).toMatchObject({ claim: { made: ['1', 'directory'], nextOrdinal: 2 } })
  expect(calm.seen[1]).toMatchObject({ claim: { made: ['1', '2', 'directory'], nextOrdinal: 3 } })

  const todo = FAULTS.flatMap((fault, kind) =>
    Array.from({ length: total }, (_, index) => ({ fault, at: index + 1, id: `${'bal'[kind]}${index + 1}` })),
  ).filter(({ at }, index) => at <= making || index % every === 0)
  const work = async () => {
    for (let next = todo.shift(); next; next = todo.shift()) {
      const { fault, at, id } = next
      const { seen } = await live(id, createFaults(at, fault)).catch((error: unknown) => {
        throw new Error(`${fault} write ${at}: ${error instanceof Error ? error.message : error}`, {
          cause: error,
        })
      })
      expect({ fault, at, seen }).toEqual({ fault, at, seen: calm.seen.slice(0, seen.length) })
    }
  }
  await Promise.all([work(), work(), work(), work()])
}, 3_600_000)
