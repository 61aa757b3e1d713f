// A town of four people and two instances whose cap is lowered, over and over, in the same databases.
import pg from 'pg'
import { onTestFinished } from 'vitest'
import { makeHomes, type TestHomes } from '../../../test/kubernetes/homes.ts'
import { emptyDirectory, emptyHome } from '../../../test/moves/world/empty.ts'
import { join } from '../../../test/postgres/people.ts'
import type { RebalanceStatus } from '../../api/objects.ts'
import { readClaim } from '../../build/data/claim.ts'
import { databaseName, directoryName } from '../../build/names.ts'
import { resources } from '../../kube/resources.ts'
import type { Kube, KubeObject } from '../../kube/types.ts'
import { createFaults } from '../faults.ts'
import type { Setup } from '../setup.ts'
import { findClaim, type Place, settle, type World } from '../world.ts'

/** Seats of each, before and after the cap is lowered: half of the people have to move then. */
export const ROOMY = 4
export const CAP = 2
export const HANDLES = ['ana', 'ben', 'cem', 'dea']
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
  /** Since it last began: each status of a Rebalance that the API server took, and how many Rebalances it made. */
  readonly told: { statuses: RebalanceStatus[]; made: number }
}

/** Two instances, in namespaces and with a domain of their own. Gone with the test that it is for. */
export async function foundTown(setup: Setup, id: string): Promise<Town> {
  const homes = makeHomes(setup.world)
  const { kube } = setup.world
  const told: Town['told'] = { statuses: [], made: 0 }
  const world = { ...setup.world, homes, kube: listening(kube, told) }
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
    told,
  }
}

const listening = (kube: Kube, told: Town['told']): Kube => ({
  ...kube,
  create: async (object) => {
    const made = await kube.create(object)
    if (object.kind === 'Rebalance') told.made++
    return made
  },
  applyStatus: async (object, manager) => {
    const taken = await kube.applyStatus(object, manager)
    if (object.kind === 'Rebalance') told.statuses.push(Object(object.status))
    return taken
  },
})

/** Four people at the first instance, friends in pairs, and nothing of what was before. */
export async function begin(town: Town): Promise<void> {
  const { world, place, homes, directory, databases } = town
  for (const { metadata } of await town.rebalances()) await world.kube.delete(resources.rebalance, metadata)
  await emptyDirectory(directory)
  await Promise.all(databases.map(emptyHome))
  await town.resize(ROOMY)
  await settle(world, place, createFaults())
  Object.assign(town.told, { statuses: [], made: 0 })
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

/** From here on half of them live in seats too many. */
export const lowerCap = (town: Town): Promise<unknown> => town.resize(CAP)
