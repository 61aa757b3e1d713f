// A cap is lowered under members, with the operator killed before and after every write that this takes to the API server,
// to the directory and to instances: whoever starts next ends it, and the numbers that it tells are the ones of one run.
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeHomes } from '../../../test/kubernetes/homes.ts'
import { emptyDirectory, emptyHome } from '../../../test/moves/world/empty.ts'
import { join } from '../../../test/postgres/people.ts'
import { readClaim } from '../../build/data/claim.ts'
import { databaseName, directoryName } from '../../build/names.ts'
import { resources } from '../../kube/resources.ts'
import { createFaults, type Fault, type Faults } from '../../testing/faults.ts'
import { conditionOf } from '../../testing/operate.ts'
import { type Setup, setUp } from '../../testing/setup.ts'
import { findClaim, type Place, settle } from '../../testing/world.ts'

let setup: Setup
beforeAll(async () => {
  setup = await setUp()
})
afterAll(() => setup?.stop())

const ROOMY = 4
const CAP = 2
const pools: pg.Pool[] = []
afterAll(() => Promise.all(pools.map((pool) => pool.end())))

type Town = Awaited<ReturnType<typeof found>>

/** Two instances of four seats each, and nobody in them. */
async function found(id: string) {
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
    pools.push(pool)
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

const HANDLES = ['ana', 'ben', 'cem', 'dea']
const ORDINALS = [1, 2]

/** Four people at the first instance, friends in pairs, and nothing of what was before. */
async function begin(town: Town): Promise<void> {
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

/** Holds at every moment: nobody in a seat too many, nobody at two homes, and a status that counts nobody twice. */
async function expectNothingBroken(town: Town): Promise<void> {
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
async function endOf(town: Town) {
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

async function rebalance(town: Town, faults: Faults) {
  await begin(town)
  await town.resize(CAP)
  const last = await settle(town.world, town.place, faults, () => expectNothingBroken(town))
  expect(last.dead).toBe(false)
  await expectNothingBroken(town)
  return endOf(town)
}

const WRITES = [
  'create Rebalance',
  'applyStatus Rebalance',
  'insert into "moves"',
  'insert into "rebalances"',
  'update "moves" set',
  'update "members" set',
  'commit',
  ...[
    'stage',
    'subscribe',
    'copy',
    'catch-up',
    'quiesce',
    'compare',
    'freeze',
    'seal',
    'activate',
    'demote',
    'tidy',
  ].map((verb) => `/internal/moves/${verb}`),
]

const END = {
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

const FAULTS = ['killed before', 'killed after'] as const satisfies Fault[]
/** Of a transaction, of which only the commit is seen by anybody else. */
const WITHIN = /^(update|insert into) "/
// Every n-th place as HAMLET_CRASHES says. With 1 it is every write, those within transactions too, which takes minutes.
const every = Number(process.env.HAMLET_CRASHES ?? '5')

test('killed anywhere, a rebalance ends as if nothing had been', async () => {
  const towns = await Promise.all(['north', 'south', 'west'].map(found))
  const calm = createFaults()
  expect(await rebalance(towns[0] as Town, calm)).toEqual(END)
  expect(calm.made).toEqual(expect.arrayContaining(WRITES))

  const todo = FAULTS.flatMap((fault) => calm.made.map((what, index) => ({ fault, at: index + 1, what })))
    .filter(({ what }) => every === 1 || !WITHIN.test(what))
    .filter((_, index) => index % every === 0)
  const planned = todo.length
  let struck = 0
  const wrong: unknown[] = []
  const work = async (town: Town) => {
    for (let next = todo.shift(); next; next = todo.shift()) {
      const { fault, at } = next
      const faults = createFaults(at, fault)
      await rebalance(town, faults)
        .then((end) => expect(end).toEqual(END))
        .catch((error: Error) => wrong.push(`${fault} write ${at}, ${faults.made.at(-1)}: ${error.message}`))
      if (faults.struck) struck++
    }
  }
  await Promise.all(towns.map(work))
  expect(wrong).toEqual([])
  // Two moves go on beside each other, so that one run may make a write or two less than another.
  expect(struck).toBeGreaterThan(0.9 * planned)
}, 3_600_000)
