// Instances are emptied one after the other, with the operator killed before and after the writes that this takes, and with
// acknowledgements lost: each goes all the same, another is opened in its place, and nothing of it is left.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { playCluster } from '../../test/kubernetes/played.ts'
import { readClaim } from '../build/data/claim.ts'
import { databaseName, directoryName } from '../build/names.ts'
import { resources } from '../kube/resources.ts'
import { databasesOf, dropDatabase } from '../postgres/make/database.ts'
import { openServer, type Server, withSession } from '../postgres/server/session.ts'
import { createFaults, type Fault, type Faults } from '../testing/faults.ts'
import { findClaim, type Place, settle, type World } from '../testing/world.ts'

const place: Place = { namespace: 'town', name: 'garden', domain: 'drained.example' }
const named = { namespace: place.namespace, name: place.name }
let world: World
let server: Server
let prefix = ''
beforeAll(async () => {
  world = await playCluster(inject('postgresPort'))
  server = openServer(world.admin)
  await world.kube.create({
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Community',
    metadata: { ...named },
    spec: {
      domain: place.domain,
      ingress: { tls: { mode: 'None' } },
      seats: { perInstance: 2, minFree: 1, minutesBetweenInstances: 0 },
      rebalance: { retireAfterDays: 0 },
      deletionPolicy: 'Delete',
    },
  })
  await settle(world, place, createFaults())
  const claim = await findClaim(world, place)
  prefix = claim ? readClaim(claim).prefix : ''
  // The first is full, so that there is always another one.
  await withSession(server, directoryName(prefix), (session) =>
    session.query(
      "INSERT INTO members (id, handle, home, state, role) VALUES (1, 'a', 1, 'active', 'organiser'), (2, 'b', 1, 'active', 'member')",
    ),
  )
  await settle(world, place, createFaults())
})
afterAll(async () => {
  const names = await withSession(server, undefined, (session) => databasesOf(session, prefix))
  for (const name of names) await dropDatabase(server, name)
})

const names = async (of: (typeof resources)[keyof typeof resources]) =>
  (await world.kube.list(of, { namespace: place.namespace })).map(({ metadata }) => metadata.name).sort()
const rows = () =>
  withSession(server, directoryName(prefix), (session) =>
    session.query<{ ordinal: number; state: string }>(
      'SELECT ordinal, state FROM instances ORDER BY ordinal',
    ),
  )

/** Empties the instance of this ordinal until it is gone; the faults that came to pass. */
async function empty(ordinal: number, faults: Faults): Promise<Faults> {
  await world.kube.patch(resources.community, named, { spec: { drain: [ordinal] } })
  let process = faults
  for (let turn = 0; turn < 6; turn++) {
    process = await settle(world, place, process)
    if (!(await names(resources.instance)).includes(`garden-${ordinal}`)) return process
    world.skewMs += 60_000
  }
  throw new Error(`garden-${ordinal} does not go: ${JSON.stringify(await rows())}`)
}

const FAULTS = ['killed before', 'killed after', 'acknowledgement lost'] as const satisfies Fault[]
// With HAMLET_CRASHES=1 every write with every fault, which takes minutes.
const every = Number(process.env.HAMLET_CRASHES ?? '31')

test('killed anywhere, one that is emptied goes, and nothing of it is left', async () => {
  const calm = createFaults()
  await empty(2, calm)
  expect(calm.writes).toBeGreaterThan(15)
  const todo = FAULTS.flatMap((fault) =>
    Array.from({ length: calm.writes }, (_, at) => ({ fault, at: at + 1 })),
  )
  let ordinal = 2
  for (const { fault, at } of todo.filter((_, index) => index % every === 0)) {
    ordinal++
    const last = await empty(ordinal, createFaults(at, fault)).catch((cause: unknown) => {
      throw new Error(`${fault} write ${at}`, { cause })
    })
    expect(last.dead).toBe(false)
    const next = `garden-${ordinal + 1}`
    expect(await names(resources.instance)).toEqual(['garden-1', next])
    expect(await names(resources.deployment)).toEqual(['garden-1', next])
    expect(await names(resources.service)).toEqual(['garden', 'garden-1', next])
    expect(await names(resources.secret)).toEqual(['garden-1', next, 'garden-community'].sort())
    const databases = await withSession(server, undefined, (session) => databasesOf(session, prefix))
    expect(databases).toEqual(
      [1, ordinal + 1].map((one) => databaseName(prefix, one)).concat(directoryName(prefix)),
    )
    const found = await rows()
    expect(found.filter(({ state }) => state === 'Active').map((row) => row.ordinal)).toEqual([
      1,
      ordinal + 1,
    ])
    expect(found.filter(({ state }) => state === 'Retired')).toHaveLength(ordinal - 1)
  }
}, 600_000)
