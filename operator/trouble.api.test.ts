// The operator as it runs, where something is wrong or somebody else was there first.
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { COMMUNITY_LABEL } from './api/objects.ts'
import { readClaim } from './build/data/claim.ts'
import { resources } from './kube/resources.ts'
import type { KubeObject } from './kube/types.ts'
import { conditionOf, operate, until } from './testing/operate.ts'
import { type Setup, setUp } from './testing/setup.ts'
import { findClaim, playCollector } from './testing/world.ts'

let setup: Setup
beforeAll(async () => {
  setup = await setUp()
})
afterAll(() => setup?.stop())

test('the second Community of a domain is told who has it, and harms nobody', async () => {
  const { create, ready, kube, place, spaces } = await operate(setup, 'first', 'second')
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
  const { create, ready, kube, place, community, spaces } = await operate(setup, 'town')
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
  const { create, ready, kube, place } = await operate(setup, 'good', 'bad')
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
  const { create, ready, kube, place } = await operate(setup, 'town')
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
  const { create, ready, kube, place } = await operate(setup, 'town')
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
  const { create, ready, place, kube, community } = await operate(setup, 'town')
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
