// The operator as it runs: elected, watching, woken. On a real API server and PostgreSQL; a test plays the nodes' part.
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { COMMUNITY_LABEL } from './api/objects.ts'
import { readClaim } from './build/data/claim.ts'
import { readConfig } from './config.ts'
import { isRefused } from './kube/error.ts'
import { resources } from './kube/resources.ts'
import type { KubeObject } from './kube/types.ts'
import { run } from './main.ts'
import { createLogger } from './serve/logger.ts'
import { type Setup, setUp } from './testing/setup.ts'
import { findClaim, playCollector, playKubelet } from './testing/world.ts'

let setup: Setup
let namespaces = 0
beforeAll(async () => {
  setup = await setUp()
})
afterAll(() => setup?.stop())

/** Until it holds, or 20 s have passed: then what was seen last is in the message. */
async function until<T>(what: string, look: () => Promise<T>, holds: (seen: T) => unknown): Promise<T> {
  const end = Date.now() + 20_000
  for (;;) {
    const seen = await look()
    if (holds(seen)) return seen
    if (Date.now() > end) throw new Error(`${what}: ${JSON.stringify(seen, undefined, 1)}`)
    await new Promise((wake) => setTimeout(wake, 50))
  }
}

/** A running operator for namespaces of this test. */
async function operate(...names: string[]) {
  const { api, world } = setup
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

const conditionOf = (object: KubeObject | undefined, type: string) =>
  (Object(object?.status).conditions ?? []).find((one: { type: string }) => one.type === type)
const matches = (object: KubeObject | undefined, status: string, reason: string): boolean => {
  const ready = conditionOf(object, 'Ready')
  return (
    ready?.status === status &&
    ready.reason === reason &&
    ready.observedGeneration === object?.metadata.generation
  )
}

async function figures(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const writes = text
    .split('\n')
    .filter((line) => /^rest_client_requests_total\{.*method="(POST|PUT|PATCH|DELETE)"/.test(line))
    .filter((line) => !line.includes('resource="leases"'))
  return writes.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

test('a Community becomes Ready, grows when it is woken, and is then left alone', async () => {
  const operator = await operate('town')
  const { kube, port, place, ready, community } = operator
  const begun = performance.now()
  await operator.create(0, { seats: { perInstance: 2 } })
  await ready('True', 'Serving')
  // Without a pod to start, all that the operator does is done in this time, also on a busy machine.
  expect(performance.now() - begun).toBeLessThan(15_000)

  const claim = await findClaim(setup.world, place())
  const { prefix } = readClaim(claim as KubeObject)
  const directory = new pg.Client({ connectionString: setup.postgres.url(`${prefix}_directory`) })
  await directory.connect()
  onTestFinished(() => directory.end())
  await directory.query(
    "INSERT INTO members (id, handle, home, state) VALUES (1, 'a', 1, 'active'), (2, 'b', 1, 'active')",
  )
  const woken = await fetch(`http://127.0.0.1:${port}/wake/${place().namespace}/garden`, { method: 'POST' })
  expect(woken.status).toBe(202)
  await until('two instances', community, (seen) => Object(seen?.status).instances === 2)
  const grown = await until(
    'seats again',
    async () => {
      await playKubelet(setup.world, place())
      return community()
    },
    (seen) => Object(seen?.status).free === 2,
  )
  // Those who were there before noticed nothing.
  expect(conditionOf(grown, 'Available')).toMatchObject({ status: 'True' })
  expect(Object(grown?.status)).toMatchObject({ members: 2, seats: 4, free: 2, instances: 2 })

  const events = await kube.list(resources.coreEvent, { namespace: place().namespace })
  expect(events.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['Serving', 'InstanceOpened']))

  // At rest: whatever is looked at again, nothing is written.
  await ready('True', 'Serving')
  const quiet = async () => {
    const before = await figures(port)
    for (let look = 0; look < 3; look++) {
      await fetch(`http://127.0.0.1:${port}/wake/${place().namespace}/garden`, { method: 'POST' })
      await new Promise((wake) => setTimeout(wake, 400))
    }
    return (await figures(port)) - before
  }
  await until('no write at rest', quiet, (writes) => writes === 0)

  // An object deleted by hand is made again, and the pods' objects were not touched by it.
  const name = { namespace: place().namespace, name: 'garden-1' }
  const before = await kube.get(resources.deployment, name)
  await kube.delete(resources.instance, name)
  await until(
    'the Instance again',
    () => kube.get(resources.instance, name),
    (seen) => seen !== undefined,
  )
  await ready('True', 'Serving')
  expect((await kube.get(resources.deployment, name))?.metadata.uid).toBe(before?.metadata.uid)
  expect(await operator.close()).toBe(0)
})

test('the second Community of a domain is told who has it, and harms nobody', async () => {
  const { create, ready, kube, place, spaces } = await operate('first', 'second')
  await create(0, {})
  await ready('True', 'Serving')
  await create(1, {})
  const refused = await ready('False', 'DomainTaken', 1)
  expect(conditionOf(refused, 'Ready').message).toContain(`${spaces[0]}/garden`)
  expect(await kube.list(resources.deployment, { namespace: place(1).namespace })).toEqual([])
  await ready('True', 'Serving')
  // It goes without a trace of harm when it is deleted.
  await kube.delete(resources.community, place(1))
  await until(
    'gone',
    () => kube.get(resources.community, place(1)),
    (seen) => seen === undefined,
  )
  expect(await findClaim(setup.world, place())).toBeDefined()
})

test('only deletionPolicy Delete holds a Community; under Retain it goes at once, and its members wait for the next', async () => {
  const { create, ready, kube, place, community, spaces } = await operate('town')
  await create(0, {})
  const first = await ready('True', 'Serving')
  expect(first?.metadata.finalizers).toBeUndefined()
  const policy = (deletionPolicy: string) =>
    kube.patch(resources.community, place(), { spec: { deletionPolicy } })
  await policy('Delete')
  await until('held', community, (seen) => seen?.metadata.finalizers?.length === 1)
  await policy('Retain')
  await until('let go', community, (seen) => !seen?.metadata.finalizers)
  await ready('True', 'Serving')

  await kube.delete(resources.community, place())
  expect(await community()).toBeUndefined()
  // Everything of it is still there when its successor comes: that is not touched, and the cluster takes it in its time.
  const before = await kube.get(resources.service, place())
  expect(before).toBeDefined()
  await create(0, {})
  const waiting = await ready('False', 'Starting')
  expect(conditionOf(waiting, 'Ready').message).toContain('of an earlier Community')
  expect(await kube.get(resources.service, place())).toEqual(before)
  await playCollector(setup.world, spaces[0] ?? '')
  await ready('True', 'Serving')
  expect((await kube.get(resources.service, place()))?.metadata.uid).not.toBe(before?.metadata.uid)
  const claim = readClaim((await findClaim(setup.world, place())) as KubeObject)
  expect(claim.owner.uid).toBe((await community())?.metadata.uid)
  expect(claim.nextOrdinal).toBe(2)
})

test('a wrong database Secret is named, breaks no other Community, and works once it is right', async () => {
  const { create, ready, kube, place } = await operate('good', 'bad')
  await create(0, {})
  await create(1, { domain: 'bad.example', database: { mode: 'External', secretName: 'mine' } })
  const missing = await ready('False', 'DatabaseSecretMissing', 1)
  expect(conditionOf(missing, 'Ready').message).toContain('spec.database.secretName')
  await ready('True', 'Serving')
  const { host, port, username, password } = setup.world.admin
  const data = (fields: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(fields).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    )
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'mine', namespace: place(1).namespace },
    data: data({ host, username, password: 'x', port: 'nonsense' }),
  }
  await kube.create(secret)
  await ready('False', 'DatabaseSecretInvalid', 1)
  for (const wrong of [
    { host: 'my host', port: String(port) },
    { host, url: `postgres://${username}:100%@${host}/postgres` },
  ]) {
    await kube.patch(resources.secret, secret.metadata, { data: data(wrong) })
    await kube.patch(resources.community, place(1), { spec: { title: JSON.stringify(wrong) } })
    await ready('False', 'DatabaseSecretInvalid', 1)
  }
  await kube.patch(resources.secret, secret.metadata, {
    data: { ...data({ host, port: String(port), password }), url: null },
  })
  await ready('True', 'Serving', 1)
})

test('what cannot be looked at is told, with the remedy, in a condition and an Event', async () => {
  const { create, ready, kube, place } = await operate('town')
  await create(0, {})
  await ready('True', 'Serving')
  const claim = (await findClaim(setup.world, place())) as KubeObject
  const count = async (text: string) => {
    await kube.patch(resources.configMap, claim.metadata, { data: { 'next-ordinal': text } })
    await kube.patch(resources.community, place(), { spec: { title: `next is ${text}` } })
  }
  await count('many')
  const failed = await ready('False', 'Failed')
  expect(conditionOf(failed, 'Ready').message).toContain('next-ordinal must be a whole number')
  // What was known stays, as old as it is.
  expect(conditionOf(failed, 'Available')).toMatchObject({ status: 'True' })
  expect(Object(failed?.status).seats).toBe(300)
  const events = await until(
    'the Event',
    () => kube.list(resources.coreEvent, { namespace: place().namespace }),
    (seen) => seen.some(({ reason }) => reason === 'Failed'),
  )
  expect(events.find(({ reason }) => reason === 'Failed')?.type).toBe('Warning')
  await count('2')
  await ready('True', 'Serving')
})

test('an object of somebody else is never overwritten', async () => {
  const { create, ready, kube, place } = await operate('town')
  const mine = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'garden', namespace: place().namespace },
    spec: { ports: [{ port: 1234 }], selector: { mine: 'yes' } },
  }
  await kube.create(mine)
  await create(0, {})
  const refused = await ready('False', 'NameTaken')
  expect(conditionOf(refused, 'Ready').message).toContain('Service garden')
  const there = await kube.get(resources.service, place())
  expect(Object(there?.spec)).toMatchObject({ selector: { mine: 'yes' }, ports: [{ port: 1234 }] })
  expect(there?.metadata.labels?.[COMMUNITY_LABEL]).toBeUndefined()
  await kube.delete(resources.service, place())
  await ready('True', 'Serving')
})

test('a lost database is not made anew', async () => {
  const { create, ready, place, kube, community } = await operate('town')
  await create(0, {})
  await ready('True', 'Serving')
  const { prefix } = readClaim((await findClaim(setup.world, place())) as KubeObject)
  const root = new pg.Client({ connectionString: setup.postgres.url('postgres') })
  await root.connect()
  onTestFinished(() => root.end())
  await root.query(`ALTER DATABASE ${prefix}_directory RENAME TO lost`)
  await kube.patch(resources.community, place(), { spec: { title: 'look again' } })
  await ready('False', 'DataMissing')
  const { rows } = await root.query('SELECT FROM pg_database WHERE datname = $1', [`${prefix}_directory`])
  expect(rows).toEqual([])

  // An empty one, made for a restore, is left as it is.
  await root.query(`CREATE DATABASE ${prefix}_directory`)
  await kube.patch(resources.community, place(), { spec: { title: 'look at this' } })
  const empty = await until('empty', community, (seen) =>
    conditionOf(seen, 'Ready')?.message.includes(`database ${prefix}_directory is empty`),
  )
  expect(conditionOf(empty, 'Ready')).toMatchObject({ status: 'False', reason: 'DataMissing' })
  const inside = new pg.Client({ connectionString: setup.postgres.url(`${prefix}_directory`) })
  await inside.connect()
  const tables = await inside.query("SELECT FROM pg_namespace WHERE nspname = 'hamlet'")
  await inside.end()
  expect(tables.rows).toEqual([])
  await root.query(`DROP DATABASE ${prefix}_directory`)

  await root.query(`ALTER DATABASE lost RENAME TO ${prefix}_directory`)
  await kube.patch(resources.community, place(), { spec: { title: 'and again' } })
  await ready('True', 'Serving')
})

test('a Secret that was deleted is made anew, with a new password and a new pod', async () => {
  const { create, ready, kube, place } = await operate('town')
  await create(0, {})
  await ready('True', 'Serving')
  const name = { namespace: place().namespace, name: 'garden-1' }
  const hash = async () =>
    Object(Object(Object((await kube.get(resources.deployment, name))?.spec).template).metadata).annotations[
      'hamlet.coop/secrets'
    ]
  const before = await hash()
  await kube.delete(resources.secret, name)
  await kube.patch(resources.community, place(), { spec: { title: 'look again' } })
  await until('another pod', hash, (seen) => seen !== before)
  await ready('True', 'Serving')
  const data = Object((await kube.get(resources.secret, name))?.data)
  expect(Buffer.from(data['database-url'], 'base64').toString()).toMatch(/^postgres:\/\//)
})

test('pods are replaced in one community at a time, and the next is woken when it is done', async () => {
  const { create, ready, kube, place, spaces } = await operate('first', 'second')
  await create(0, {})
  await create(1, { domain: `other.${place().domain}` })
  await ready('True', 'Serving')
  await ready('True', 'Serving', 1)
  const resourcesOf = { spec: { resources: { requests: { memory: '200Mi' } } } }
  await Promise.all([0, 1].map((index) => kube.patch(resources.community, place(index), resourcesOf)))
  const look = async () => {
    const instances = await Promise.all(
      spaces.map((namespace) => kube.list(resources.instance, { namespace })),
    )
    const waits = instances.flat().filter((one) => conditionOf(one, 'Ready')?.reason === 'RolloutWaiting')
    const pods = await Promise.all(spaces.map((namespace) => kube.list(resources.deployment, { namespace })))
    const replaced = pods.flat().filter(({ metadata }) => metadata.generation === 2)
    return { waits, replaced: replaced.length }
  }
  const { waits } = await until('one waits', look, (seen) => seen.waits.length === 1 && seen.replaced === 1)
  expect(conditionOf(waits[0], 'Ready').message).toContain(
    'other communities are replaced first, 1 at a time',
  )
  // Long before the waiting one would look again by itself.
  const [waiting] = waits
  const [done] = spaces.filter((namespace) => namespace !== waiting?.metadata.namespace)
  await playKubelet(setup.world, { ...place(), namespace: done ?? '' })
  await until('both', look, (seen) => seen.waits.length === 0 && seen.replaced === 2)
  await ready('True', 'Serving')
  await ready('True', 'Serving', 1)
})

test('paused: nothing changes until it is not', async () => {
  const { create, ready, kube, place, community } = await operate('town')
  await create(0, {})
  await ready('True', 'Serving')
  await kube.patch(resources.community, place(), { spec: { paused: true } })
  await until('Paused', community, (seen) => conditionOf(seen, 'Progressing')?.reason === 'Paused')
  await kube.delete(resources.service, place())
  await kube.patch(resources.community, place(), { spec: { title: 'Later' } })
  await until(
    'looked at',
    community,
    (seen) => Object(seen?.status).observedGeneration === seen?.metadata.generation,
  )
  expect(await kube.get(resources.service, place())).toBeUndefined()
  await kube.patch(resources.community, place(), { spec: { paused: false } })
  await until(
    'the Service',
    () => kube.get(resources.service, place()),
    (seen) => seen !== undefined,
  )
  await expect(
    kube.patch(resources.community, place(), { spec: { domain: 'other.example' } }),
  ).rejects.toSatisfy(isRefused)
})
