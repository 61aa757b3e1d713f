// The life of a community (made, grown, resized, deleted), with the operator killed before and after every write that it
// makes to the API server and to PostgreSQL, and with every acknowledgement lost: it always ends the same.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readClaim } from '../build/data/claim.ts'
import { directoryName } from '../build/names.ts'
import { resources } from '../kube/resources.ts'
import { databasesOf, dropDatabase } from '../postgres/make/database.ts'
import { prepare } from '../postgres/prepared.ts'
import { systemIdentifier } from '../postgres/server/probe.ts'
import { openServer, withSession } from '../postgres/server/session.ts'
import { createFaults, type Fault, type Faults } from '../testing/faults.ts'
import { fingerprint } from '../testing/fingerprint.ts'
import { type Setup, setUp } from '../testing/setup.ts'
import { findClaim, type Place, settle, type World } from '../testing/world.ts'

let setup: Setup
let world: World

beforeAll(async () => {
  setup = await setUp()
  world = setup.world
  const server = openServer(world.admin)
  const prepared = prepare(world.migrations)
  await withSession(server, undefined, async (session) =>
    prepared.server(server, await systemIdentifier(session), session),
  )
  await Promise.all([prepared.template(server, 'directory'), prepared.template(server, 'instance')])
})
afterAll(() => setup?.stop())

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
  const place: Place = { namespace: `crash-${id}`, name: 'garden', domain: `${id}.example` }
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
    () =>
      kube.patch(resources.community, named, {
        spec: { title: 'Other', seats: { perInstance: 5 }, deletionPolicy: 'Delete' },
      }),
    () =>
      kube.patch(resources.community, named, {
        spec: { seats: { perInstance: 2 }, deletionPolicy: 'Retain' },
      }),
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

// Every third write while a community is made, each with another fault; of the rest of its life every n-th, as
// HAMLET_CRASHES says. With 1 it is every write with every fault, which takes half an hour.
const every = Number(process.env.HAMLET_CRASHES ?? '17')

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
  ).filter(
    ({ at, fault }, index) =>
      (at <= making && (every === 1 || (at + FAULTS.indexOf(fault)) % 3 === 0)) || index % every === 0,
  )
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
