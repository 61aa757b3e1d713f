// Instances whose pods never serve, named in spec.drain before they were opened: each goes, whatever became of its database,
// and nothing is dropped that does not say whose it is.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { databaseName, directoryName } from '../build/names.ts'
import { resources } from '../kube/resources.ts'
import { dropDatabase } from '../postgres/make/database.ts'
import { withSession } from '../postgres/server/session.ts'
import { foundGarden, type Garden } from '../testing/founded/garden.ts'
import { conditionOf } from '../testing/operate.ts'

const broken = new Set<string>()
let garden: Garden
beforeAll(async () => {
  garden = await foundGarden('unopened.example', { seats: { maxInstances: 2 } }, broken)
})
afterAll(() => garden.leave())

const states = async () =>
  (await garden.directory<{ state: string }>('SELECT state FROM instances ORDER BY ordinal')).map(
    ({ state }) => state,
  )
const instances = () => garden.names(resources.instance)
const drain = async (ordinals: readonly number[]) => {
  await garden.drain(ordinals)
  await garden.settle()
}
const database = (ordinal: number) => databaseName(garden.prefix, ordinal)
const lose = (ordinal: number) => dropDatabase(garden.server, database(ordinal))
const empty = (ordinal: number) =>
  withSession(garden.server, undefined, (session) => session.query(`CREATE DATABASE "${database(ordinal)}"`))

test('each goes, and another is opened in its place', async () => {
  for (const ordinal of [2, 3, 4, 5]) broken.add(`garden-${ordinal}`)
  await garden.fill()
  await garden.settle()
  expect(await states()).toEqual(['Active', 'Opening'])

  // As it was made.
  await drain([2])
  expect([await states(), await instances()]).toEqual([
    ['Active', 'Retired', 'Opening'],
    ['garden-1', 'garden-3'],
  ])
  // Lost.
  await lose(3)
  await drain([2, 3])
  expect([await states(), await instances()]).toEqual([
    ['Active', 'Retired', 'Retired', 'Opening'],
    ['garden-1', 'garden-4'],
  ])
  // Lost, with an empty one in its place.
  await lose(4)
  await empty(4)
  await drain([2, 3, 4])
  expect([await states(), await instances()]).toEqual([
    ['Active', 'Retired', 'Retired', 'Retired', 'Opening'],
    ['garden-1', 'garden-5'],
  ])
  expect(await garden.databases()).toEqual([...[1, 4, 5].map(database), directoryName(garden.prefix)])
})

test('one in which somebody lived, by the directory, stays, though its database is empty', async () => {
  await garden.directory(
    "INSERT INTO members (id, handle, home, state, seated) VALUES (3, 'c', 5, 'deleted', false)",
  )
  await lose(5)
  await empty(5)
  await drain([5])
  expect([(await states())[4], await instances()]).toEqual(['Opening', ['garden-1', 'garden-5']])
  expect(await garden.databases()).toContain(database(5))
  const community = await garden.world.kube.get(resources.community, garden.named)
  expect(conditionOf(community, 'Drained')).toMatchObject({ status: 'False', reason: 'InstanceStarting' })
})
