// A town of four people and two instances whose cap is lowered, over and over, in the same databases.
import pg from 'pg'
import { expect, onTestFinished } from 'vitest'
import { makeHomes, type TestHomes } from '../../test/kubernetes/homes.ts'
import { emptyDirectory, emptyHome } from '../../test/moves/world/empty.ts'
import { join } from '../../test/postgres/people.ts'
import { readClaim } from '../build/data/claim.ts'
import { databaseName, directoryName } from '../build/names.ts'
import { resources } from '../kube/resources.ts'
import type { KubeObject } from '../kube/types.ts'
import { createFaults } from './faults.ts'
import { conditionOf } from './operate.ts'
import type { Setup } from './setup.ts'
import { findClaim, type Place, settle, type World } from './world.ts'

/** Seats of each, before and after the cap is lowered: half of the people have to move then. */
const ROOMY = 4
const CAP = 2
const HANDLES = ['ana', 'ben', 'cem', 'dea']
const ORDINALS = [1, 2]

export type Town = {
  readonly world: World
  readonly place: Place
  readonly homes: TestHomes
  /** As the superuser, past every fault. */
  readonly directory: pg.Pool
  readonly databases: readonly pg.Pool[]
  resize(perInstance: number): Promise<unknown>
  community(): Promise<KubeObject | undefined>
  rebalances(): Promise<KubeObject[]>
}

/** Two instances, in namespaces and with a domain of their own. Gone with the test that it is for. */
export async function foundTown(setup: Setup, id: string): Promise<Town> {
  const homes = makeHomes(setup.world)
  const world = { ...setup.world, homes }
  const { kube } = world
  const place: Place = { namespace: `moving-${id}`, name: 'garden', domain: `${id}.example` }
  const named = { namespace: place.namespace, name: place.name }
  await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: place.namespace } })
  await kube.create({
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Community',
    metadata: named,
    spec: {
      domain: place.domain,
      seats: { perInstance: ROOMY, minFree: 1, maxInstances: 2, minutesBetweenInstances: 0 },
      rebalance: { maxMovesPerHour: 1000 },
      limits: { signUpsPerHour: 1000 },
    },
  })
  await settle(world, place, createFaults())
  for (const handle of HANDLES) await join(homes.at(1), handle)
  // The first is full, so there is another one.
  await settle(world, place, createFaults())
  const claim = await findClaim(world, place)
  const prefix = claim ? readClaim(claim).prefix : ''
  const open = (name: string) => {
    const pool = new pg.Pool({ connectionString: setup.postgres.url(name), max: 1 })
    onTestFinished(() => pool.end())
    return pool
  }
  return {
    world,
    place,
    homes,
    directory: open(directoryName(prefix)),
    databases: ORDINALS.map((ordinal) => open(databaseName(prefix, ordinal))),
    resize: (perInstance: number) =>
      kube.patch(resources.community, named, { spec: { seats: { perInstance } } }),
    community: () => kube.get(resources.community, named),
    rebalances: () => kube.list(resources.rebalance, { namespace: place.namespace }),
  }
}

/** Four people at the first instance, friends in pairs, and nothing of what was before. */
export async function begin(town: Town): Promise<void> {
  const { world, place, homes, directory, databases } = town
  for (const { metadata } of await town.rebalances()) await world.kube.delete(resources.rebalance, metadata)
  await emptyDirectory(directory)
  await Promise.all(databases.map(emptyHome))
  await town.resize(ROOMY)
  await settle(world, place, createFaults())
  const home = homes.at(1)
  const ids: string[] = []
  for (const handle of HANDLES) ids.push((await join(home, handle)).id)
  const [ana = '', ben = '', cem = '', dea = ''] = ids
  const follow = (follower_id: string, followee_id: string) => ({
    follower_id,
    followee_id,
    state: 'accepted',
  })
  await home.db
    .insertInto('follows')
    .values([follow(ana, ben), follow(ben, ana), follow(cem, dea), follow(dea, cem)])
    .execute()
}

const rowsOf = async <Row extends pg.QueryResultRow>(db: pg.Pool, sql: string): Promise<Row[]> =>
  (await db.query<Row>(sql)).rows

/** From here on half of them live in seats too many. */
export const lowerCap = (town: Town): Promise<unknown> => town.resize(CAP)

/** Holds at every moment: nobody in a seat too many, nobody at two homes, and a status that counts nobody twice. */
export async function expectNothingBroken(town: Town): Promise<void> {
  // The cap of the first counts in the directory before those who are too many have left; nobody else may come.
  const seats = await rowsOf<{ taken: number }>(
    town.directory,
    'SELECT taken FROM instances ORDER BY ordinal',
  )
  expect(seats[0]?.taken).toBeLessThanOrEqual(ROOMY)
  expect(seats[1]?.taken).toBeLessThanOrEqual(CAP)
  const members = await rowsOf(town.directory, "SELECT id FROM members WHERE state = 'active'")
  expect(members).toHaveLength(HANDLES.length)
  const living: string[] = []
  for (const db of town.databases) {
    const [home] = await rowsOf<{ cap: number; ids: string[] }>(
      db,
      "SELECT cap, array(SELECT id::text FROM members WHERE state = 'active') AS ids FROM home",
    )
    expect(home?.ids.length).toBeLessThanOrEqual(home?.cap ?? 0)
    living.push(...(home?.ids ?? []))
  }
  expect(living).toHaveLength(new Set(living).size)
  const [one, ...others] = await town.rebalances()
  expect(others).toEqual([])
  const { planned, moved, left, failed } = Object(one?.status)
  if (planned !== undefined)
    expect({ planned, failed, sum: moved + left }).toEqual({ planned: 2, failed: 0, sum: 2 })
}

/** What there is at the end, without what is random. */
export async function endOf(town: Town) {
  const [rebalance, ...others] = await town.rebalances()
  const { phase, conditions: _, observedGeneration: _o, ...counts } = Object(rebalance?.status)
  const community = await town.community()
  const { members, overflow, free } = Object(community?.status)
  const living = await Promise.all(
    town.databases.map(async (db) => {
      const [home] = await rowsOf<{ cap: number; ids: string[] }>(
        db,
        "SELECT cap, residents, array(SELECT id::text FROM members WHERE state = 'active') AS ids FROM home",
      )
      return home
    }),
  )
  const listed = await rowsOf<{ id: string; home: number }>(
    town.directory,
    "SELECT id::text, home FROM members WHERE state = 'active'",
  )
  return {
    rebalances: 1 + others.length,
    phase,
    ready: conditionOf(rebalance, 'Ready')?.reason,
    counts,
    community: { members, overflow, free, balanced: conditionOf(community, 'Balanced')?.status },
    homes: living.map((home) => ({ ...home, ids: home?.ids.length })),
    // Where the directory has everybody, and where they are.
    strays: listed.filter(({ id, home }) =>
      living.some((one, index) => one?.ids.includes(id) !== (index + 1 === home)),
    ).length,
    seats: await rowsOf(town.directory, 'SELECT ordinal, cap, taken, state FROM instances ORDER BY ordinal'),
    moves: await rowsOf(
      town.directory,
      `SELECT source, target, step, count(*)::integer AS many, count(DISTINCT member_id)::integer AS members,
         bool_and(rebalance = '${rebalance?.metadata.uid}') AS ours FROM moves GROUP BY source, target, step`,
    ),
    notes: await rowsOf(town.directory, 'SELECT reason, kept_before, kept_after FROM rebalances'),
  }
}

/** What `endOf` has to be. */
export const END = {
  rebalances: 1,
  phase: 'Done',
  ready: 'Settled',
  counts: {
    planned: 2,
    moved: 2,
    failed: 0,
    left: 0,
    friendsKeptBefore: 100,
    friendsKeptAfter: 100,
    seats: [
      { instance: 'garden-1', cap: 2, from: 4, now: 2, to: 2 },
      { instance: 'garden-2', cap: 2, from: 0, now: 2, to: 2 },
    ],
  },
  community: { members: 4, overflow: 0, free: 0, balanced: 'True' },
  homes: [
    { cap: 2, residents: 2, ids: 2 },
    { cap: 2, residents: 2, ids: 2 },
  ],
  strays: 0,
  seats: [
    { ordinal: 1, cap: 2, taken: 2, state: 'Active' },
    { ordinal: 2, cap: 2, taken: 2, state: 'Active' },
  ],
  moves: [{ source: 1, target: 2, step: 'done', many: 2, members: 2, ours: true }],
  notes: [{ reason: 'Overflow', kept_before: 100, kept_after: 100 }],
}
