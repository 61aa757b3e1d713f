import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import {
  homeOf,
  makeInstance,
  makeTestSiblings,
  type TestInstance,
} from '../../../test/postgres/instances.ts'
import { isRefusal } from '../../refusal.ts'
import { startQueueCompletion } from './queue-worker.ts'
import { signUp, signUpProgress } from './sign-up.ts'

const CAP = 20
let community: TestCommunity
let admin: pg.Client
const network = makeTestSiblings()
const instances: TestInstance[] = []
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 3, cap: CAP })
  admin = new pg.Client({ connectionString: community.adminUrls.directory })
  await admin.connect()
  await admin.query("UPDATE instances SET state = 'Opening' WHERE ordinal = 3")
  for (const ordinal of [1, 2, 3])
    instances.push(await makeInstance(homeOf(community, ordinal), ordinal, network))
})
afterAll(async () => {
  for (const one of instances) await one.close()
  await admin.end()
  await community.close()
})

const counts = () =>
  Promise.all(
    [1, 2, 3].map((ordinal) =>
      homeOf(community, ordinal).db.selectFrom('home').select(['residents', 'high_water']).executeTakeFirst(),
    ),
  )

test('more people than seats, at once: both homes full, never above the cap, the rest in order for the third', async () => {
  const workers = instances.map(({ instance }) => startQueueCompletion(instance))
  const people = Array.from({ length: 3 * CAP - 5 }, (_, index) => `person${index}`)
  const results = await Promise.all(
    people.map((handle, index) => {
      const at = instances[index % 2]
      if (!at) throw new Error('no instance')
      return signUp(at.instance, { handle, password: 'correct horse battery', address: '192.0.2.1' })
    }),
  )
  const done = results.flatMap((result) => ('done' in result ? [result.done] : []))
  const waiting = results.flatMap((result) => ('waiting' in result ? [result.waiting] : []))
  expect(results.filter(isRefusal)).toEqual([])
  expect(done.length).toBe(2 * CAP)
  expect(waiting.length).toBe(CAP - 5)
  expect(await counts()).toEqual([
    { residents: CAP, high_water: CAP },
    { residents: CAP, high_water: CAP },
    { residents: 0, high_water: 0 },
  ])
  // Everybody sees a place of their own.
  const [first] = instances
  if (!first) throw new Error('no instance')
  const places = await Promise.all(waiting.map(({ token }) => signUpProgress(first.instance, token)))
  expect(
    places.map((place) => ('waiting' in place ? place.waiting.place : 0)).toSorted((a, b) => a - b),
  ).toEqual(Array.from({ length: CAP - 5 }, (_, index) => index + 1))

  const order = await community.directory.selectFrom('waiting').select('handle').orderBy('id').execute()
  await admin.query("UPDATE instances SET state = 'Active' WHERE ordinal = 3")
  await admin.query('UPDATE meta SET revision = revision + 1')
  await Promise.all(instances.map(({ instance }) => instance.homes.refresh()))
  await vi.waitFor(
    async () => expect(await community.directory.selectFrom('waiting').select('id').execute()).toEqual([]),
    { timeout: 20_000 },
  )
  expect(await counts()).toEqual([
    { residents: CAP, high_water: CAP },
    { residents: CAP, high_water: CAP },
    { residents: CAP - 5, high_water: CAP - 5 },
  ])
  const seated = await community.directory
    .selectFrom('members')
    .select('handle')
    .where('home', '=', 3)
    .orderBy('id')
    .execute()
  expect(seated).toEqual(order)
  const states = await community.directory.selectFrom('members').select('state').distinct().execute()
  expect(states).toEqual([{ state: 'active' }])
  // Whoever waited is let in by their page, whichever instance they ask.
  for (const { token } of waiting.slice(0, 3)) {
    expect(await signUpProgress(first.instance, token)).toMatchObject({
      done: { home: 3 },
      session: expect.stringMatching(/^\d+\.[\w-]{43}$/),
    })
  }
  await Promise.all(workers.map((worker) => worker.stop()))
})
