// Instances whose pods never serve, named in spec.drain before they were opened: each goes, whatever became of its database,
// and nothing is dropped that does not say whose it is.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { playCluster } from '../../test/kubernetes/played.ts'
import { readClaim } from '../build/data/claim.ts'
import { databaseName, directoryName } from '../build/names.ts'
import { resources } from '../kube/resources.ts'
import { databasesOf, dropDatabase } from '../postgres/make/database.ts'
import { openServer, type Server, withSession } from '../postgres/server/session.ts'
import { createFaults } from '../testing/faults.ts'
import { conditionOf } from '../testing/operate.ts'
import { findClaim, type Place, settle, type World } from '../testing/world.ts'

const place: Place = { namespace: 'town', name: 'garden', domain: 'unopened.example' }
const named = { namespace: place.namespace, name: place.name }
const broken = new Set<string>()
let world: World
let server: Server
let prefix = ''
beforeAll(async () => {
  world = { ...(await playCluster(inject('postgresPort'))), broken }
  server = openServer(world.admin)
  await world.kube.create({
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Community',
    metadata: { ...named },
    spec: {
      domain: place.domain,
      ingress: { tls: { mode: 'None' } },
      seats: { perInstance: 2, minFree: 1, maxInstances: 2, minutesBetweenInstances: 0 },
      deletionPolicy: 'Delete',
    },
  })
  await settle(world, place, createFaults())
  const claim = await findClaim(world, place)
  prefix = claim ? readClaim(claim).prefix : ''
})
afterAll(async () => {
  const names = await withSession(server, undefined, (session) => databasesOf(session, prefix))
  for (const name of names) await dropDatabase(server, name)
})

const directory = <Row extends Record<string, unknown>>(sql: string) =>
  withSession(server, directoryName(prefix), (session) => session.query<Row>(sql))
const states = async () =>
  (await directory<{ state: string }>('SELECT state FROM instances ORDER BY ordinal')).map(
    ({ state }) => state,
  )
const instances = async () =>
  (await world.kube.list(resources.instance, { namespace: place.namespace }))
    .map(({ metadata }) => metadata.name)
    .sort()
const databases = () => withSession(server, undefined, (session) => databasesOf(session, prefix))
const drain = async (ordinals: readonly number[]) => {
  await world.kube.patch(resources.community, named, { spec: { drain: ordinals } })
  await settle(world, place, createFaults())
}
const empty = (name: string) =>
  withSession(server, undefined, (session) => session.query(`CREATE DATABASE "${name}"`))

test('each goes, and another is opened in its place', async () => {
  for (const ordinal of [2, 3, 4, 5]) broken.add(`garden-${ordinal}`)
  await directory(
    "INSERT INTO members (id, handle, home, state, role) VALUES (1, 'a', 1, 'active', 'organiser'), (2, 'b', 1, 'active', 'member')",
  )
  await settle(world, place, createFaults())
  expect(await states()).toEqual(['Active', 'Opening'])

  // As it was made.
  await drain([2])
  expect([await states(), await instances()]).toEqual([
    ['Active', 'Retired', 'Opening'],
    ['garden-1', 'garden-3'],
  ])
  // Lost.
  await dropDatabase(server, databaseName(prefix, 3))
  await drain([2, 3])
  expect([await states(), await instances()]).toEqual([
    ['Active', 'Retired', 'Retired', 'Opening'],
    ['garden-1', 'garden-4'],
  ])
  // Lost, with an empty one in its place.
  await dropDatabase(server, databaseName(prefix, 4))
  await empty(databaseName(prefix, 4))
  await drain([2, 3, 4])
  expect([await states(), await instances()]).toEqual([
    ['Active', 'Retired', 'Retired', 'Retired', 'Opening'],
    ['garden-1', 'garden-5'],
  ])
  expect(await databases()).toEqual(
    [1, 4, 5].map((one) => databaseName(prefix, one)).concat(directoryName(prefix)),
  )
})

test('one in which somebody lived, by the directory, stays, though its database is empty', async () => {
  await directory(
    "INSERT INTO members (id, handle, home, state, seated) VALUES (3, 'c', 5, 'deleted', false)",
  )
  await dropDatabase(server, databaseName(prefix, 5))
  await empty(databaseName(prefix, 5))
  await drain([5])
  expect([(await states())[4], await instances()]).toEqual(['Opening', ['garden-1', 'garden-5']])
  expect(await databases()).toContain(databaseName(prefix, 5))
  const community = await world.kube.get(resources.community, named)
  expect(conditionOf(community, 'Drained')).toMatchObject({ status: 'False', reason: 'InstanceStarting' })
})
