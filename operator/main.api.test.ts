// The operator as it runs: elected, watching, woken. On a real API server and PostgreSQL; a test plays the nodes' part.
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { readClaim } from './build/data/claim.ts'
import { isRefused } from './kube/error.ts'
import { resources } from './kube/resources.ts'
import type { KubeObject } from './kube/types.ts'
import { conditionOf, operate, until } from './testing/operate.ts'
import { type Setup, setUp } from './testing/setup.ts'
import { findClaim, playKubelet } from './testing/world.ts'

let setup: Setup
beforeAll(async () => {
  setup = await setUp()
})
afterAll(() => setup?.stop())

async function figures(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const writes = text
    .split('\n')
    .filter((line) => /^rest_client_requests_total\{.*method="(POST|PUT|PATCH|DELETE)"/.test(line))
    .filter((line) => !line.includes('resource="leases"'))
  return writes.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

test('a Community becomes Ready, grows when it is woken, and is then left alone', async () => {
  const operator = await operate(setup, 'town')
  const { kube, port, place, ready, community } = operator
  const begun = performance.now()
  await operator.create(0, { seats: { perInstance: 2 } })
  await ready('True', 'Serving')
  // Without a pod to start, all that the operator does is done in this time, also on a busy machine.
  expect(performance.now() - begun).toBeLessThan(15_000)

  const claim = await findClaim(setup.world, place())
  const { prefix } = readClaim(claim as KubeObject)
  const directory = new pg.Client({ connectionString: setup.postgres.url(`${prefix}_directory`) })
  await directory.connect()
  onTestFinished(() => directory.end())
  await directory.query(
    "INSERT INTO members (id, handle, home, state) VALUES (1, 'a', 1, 'active'), (2, 'b', 1, 'active')",
  )
  const woken = await fetch(`http://127.0.0.1:${port}/wake/${place().namespace}/garden`, { method: 'POST' })
  expect(woken.status).toBe(202)
  await until('two instances', community, (seen) => Object(seen?.status).instances === 2)
  const grown = await until(
    'seats again',
    async () => {
      await playKubelet(setup.world, place())
      return community()
    },
    (seen) => Object(seen?.status).free === 2,
  )
  // Those who were there before noticed nothing.
  expect(conditionOf(grown, 'Available')).toMatchObject({ status: 'True' })
  expect(Object(grown?.status)).toMatchObject({ members: 2, seats: 4, free: 2, instances: 2 })

  const events = await kube.list(resources.coreEvent, { namespace: place().namespace })
  expect(events.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['Serving', 'InstanceOpened']))

  // At rest: whatever is looked at again, nothing is written.
  await ready('True', 'Serving')
  const quiet = async () => {
    const before = await figures(port)
    for (let look = 0; look < 3; look++) {
      await fetch(`http://127.0.0.1:${port}/wake/${place().namespace}/garden`, { method: 'POST' })
      await new Promise((wake) => setTimeout(wake, 400))
    }
    return (await figures(port)) - before
  }
  await until('no write at rest', quiet, (writes) => writes === 0)

  // An object deleted by hand is made again, and the pods' objects were not touched by it.
  const name = { namespace: place().namespace, name: 'garden-1' }
  const before = await kube.get(resources.deployment, name)
  await kube.delete(resources.instance, name)
  await until(
    'the Instance again',
    () => kube.get(resources.instance, name),
    (seen) => seen !== undefined,
  )
  await ready('True', 'Serving')
  expect((await kube.get(resources.deployment, name))?.metadata.uid).toBe(before?.metadata.uid)
  expect(await operator.close()).toBe(0)
})

test('a Secret that was deleted is made anew, with a new password and a new pod', async () => {
  const { create, ready, kube, place } = await operate(setup, 'town')
  await create(0, {})
  await ready('True', 'Serving')
  const name = { namespace: place().namespace, name: 'garden-1' }
  const hash = async () =>
    Object(Object(Object((await kube.get(resources.deployment, name))?.spec).template).metadata).annotations[
      'hamlet.coop/secrets'
    ]
  const before = await hash()
  await kube.delete(resources.secret, name)
  await kube.patch(resources.community, place(), { spec: { title: 'look again' } })
  await until('another pod', hash, (seen) => seen !== before)
  await ready('True', 'Serving')
  const data = Object((await kube.get(resources.secret, name))?.data)
  expect(Buffer.from(data['database-url'], 'base64').toString()).toMatch(/^postgres:\/\//)
})

test('pods are replaced in one community at a time, and the next is woken when it is done', async () => {
  const { create, ready, kube, place, spaces } = await operate(setup, 'first', 'second')
  await create(0, {})
  await create(1, { domain: `other.${place().domain}` })
  await ready('True', 'Serving')
  await ready('True', 'Serving', 1)
  const resourcesOf = { spec: { resources: { requests: { memory: '200Mi' } } } }
  await Promise.all([0, 1].map((index) => kube.patch(resources.community, place(index), resourcesOf)))
  const look = async () => {
    const instances = await Promise.all(
      spaces.map((namespace) => kube.list(resources.instance, { namespace })),
    )
    const waits = instances.flat().filter((one) => conditionOf(one, 'Ready')?.reason === 'RolloutWaiting')
    const pods = await Promise.all(spaces.map((namespace) => kube.list(resources.deployment, { namespace })))
    const replaced = pods.flat().filter(({ metadata }) => metadata.generation === 2)
    return { waits, replaced: replaced.length }
  }
  const { waits } = await until('one waits', look, (seen) => seen.waits.length === 1 && seen.replaced === 1)
  expect(conditionOf(waits[0], 'Ready').message).toContain(
    'other communities are replaced first, 1 at a time',
  )
  // Long before the waiting one would look again by itself.
  const [waiting] = waits
  const [done] = spaces.filter((namespace) => namespace !== waiting?.metadata.namespace)
  await playKubelet(setup.world, { ...place(), namespace: done ?? '' })
  await until('both', look, (seen) => seen.waits.length === 0 && seen.replaced === 2)
  await ready('True', 'Serving')
  await ready('True', 'Serving', 1)
})

test('paused: nothing changes until it is not', async () => {
  const { create, ready, kube, place, community } = await operate(setup, 'town')
  await create(0, {})
  await ready('True', 'Serving')
  await kube.patch(resources.community, place(), { spec: { paused: true } })
  await until('Paused', community, (seen) => conditionOf(seen, 'Progressing')?.reason === 'Paused')
  await kube.delete(resources.service, place())
  await kube.patch(resources.community, place(), { spec: { title: 'Later' } })
  await until(
    'looked at',
    community,
    (seen) => Object(seen?.status).observedGeneration === seen?.metadata.generation,
  )
  expect(await kube.get(resources.service, place())).toBeUndefined()
  await kube.patch(resources.community, place(), { spec: { paused: false } })
  await until(
    'the Service',
    () => kube.get(resources.service, place()),
    (seen) => seen !== undefined,
  )
  await expect(
    kube.patch(resources.community, place(), { spec: { domain: 'other.example' } }),
  ).rejects.toSatisfy(isRefused)
})
