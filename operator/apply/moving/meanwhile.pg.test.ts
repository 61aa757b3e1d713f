// What becomes of a Rebalance while its homes are asked who knows whom, which may take minutes.
import { beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { TIES } from '../../../instance/move/ties/calls.ts'
import { makeHomes } from '../../../test/kubernetes/homes.ts'
import { playCluster } from '../../../test/kubernetes/played.ts'
import { join } from '../../../test/postgres/people.ts'
import { readClaim } from '../../build/data/claim.ts'
import { directoryName } from '../../build/names.ts'
import { resources } from '../../kube/resources.ts'
import { databasesOf, dropDatabase } from '../../postgres/make/database.ts'
import { openServer, withSession } from '../../postgres/server/session.ts'
import { createFaults } from '../../testing/faults.ts'
import { until } from '../../testing/operate.ts'
import { findClaim, type Place, settle, type World } from '../../testing/world.ts'

const place: Place = { namespace: 'town', name: 'garden', domain: 'meanwhile.example' }
const named = { namespace: place.namespace, name: place.name }
const first = { namespace: place.namespace, name: 'garden-r1' }

let played: World
beforeAll(async () => {
  played = await playCluster(inject('postgresPort'))
})

/** Four people at the first of two instances; `asked` is awaited whenever a home is asked who knows whom. */
async function foundTown() {
  let asked = async (): Promise<unknown> => undefined
  const homes = makeHomes(played, async (path) => void (path === TIES && (await asked())))
  const { kube } = played
  const world = { ...played, homes }
  await kube.create({
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Community',
    metadata: { ...named },
    spec: {
      domain: place.domain,
      ingress: { tls: { mode: 'None' } },
      seats: { perInstance: 4, minFree: 1, maxInstances: 2, minutesBetweenInstances: 0 },
      rebalance: { mode: 'Manual', maxMovesPerHour: 1000 },
    },
  })
  const server = openServer(world.admin)
  const again = () => settle(world, place, createFaults())
  await again()
  const claim = await findClaim(world, place)
  const prefix = claim ? readClaim(claim).prefix : ''
  onTestFinished(async () => {
    for (const name of await withSession(server, undefined, (session) => databasesOf(session, prefix)))
      await dropDatabase(server, name)
  })
  const ids: string[] = []
  for (const handle of ['ana', 'ben', 'cem', 'dea']) ids.push((await join(homes.at(1), handle)).id)
  await again()
  const directory = <Row extends Record<string, unknown>>(sql: string) =>
    withSession(server, directoryName(prefix), (session) => session.query<Row>(sql))
  return {
    ids,
    again,
    directory,
    moves: async () => (await directory<{ step: string }>('SELECT step FROM moves')).map(({ step }) => step),
    lower: () => kube.patch(resources.community, named, { spec: { seats: { perInstance: 2 } } }),
    set: (spec: object) => kube.patch(resources.rebalance, first, { spec }),
    status: async () => Object((await kube.get(resources.rebalance, first))?.status),
    whenAsked: (then: () => Promise<unknown>) => {
      asked = then
    },
  }
}

test('who stops it stops it, and what was begun is walked before anybody is asked', async () => {
  const town = await foundTown()
  await town.lower()
  await town.again()
  expect(await town.status()).toMatchObject({ phase: 'Proposed', left: 2 })
  // Another process has no plan yet.
  await town.set({ approved: true })
  town.whenAsked(() => town.set({ stopped: true }))
  await town.again()
  expect(await town.status()).toMatchObject({ phase: 'Stopped' })
  expect(await town.moves()).toEqual([])

  // Whoever led before had begun one.
  await town.directory(
    `INSERT INTO moves (id, member_id, source, target, epoch) VALUES (1, ${town.ids[0]}, 1, 2, 1)`,
  )
  const found: string[] = []
  town.whenAsked(async () => {
    const isMade = ([step]: string[]) => step === 'done'
    const made = until('the move that was open to be made', town.moves, isMade, 3_000)
    found.push(
      await made.then(
        () => 'made',
        () => 'waits',
      ),
    )
  })
  await town.set({ stopped: false })
  await town.again()
  expect(new Set(found)).toEqual(new Set(['made']))
  expect(await town.moves()).toEqual(['done', 'done'])
  expect(await town.status()).toMatchObject({ phase: 'Done', left: 0 })
})
