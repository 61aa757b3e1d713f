// Rebalances that people make, as kubectl or a GitOps tool would: on a real API server and PostgreSQL and with real homes.
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resources } from '../../operator/kube/resources.ts'
import type { KubeObject } from '../../operator/kube/types.ts'
import { conditionOf, operate } from '../../operator/testing/operate.ts'
import { type Setup, setUp } from '../../operator/testing/setup.ts'
import { makeHomes, type TestHomes } from '../kubernetes/homes.ts'
import { playTown } from '../kubernetes/town.ts'
import { join } from '../postgres/people.ts'

let setup: Setup
beforeAll(async () => {
  setup = await setUp()
})
afterAll(() => setup?.stop())

/** Four people at the first of two instances, two of them too many, where the operator moves nobody by itself. */
async function crowded(homes: TestHomes) {
  const operator = await operate({ ...setup, reach: homes.reach }, 'town')
  const { kube } = operator
  const { place, live, opened } = playTown(setup.world, homes, operator)
  const { namespace } = place
  const seats = { perInstance: 4, minFree: 1, maxInstances: 6, minutesBetweenInstances: 0 }
  await operator.create(0, { seats, rebalance: { mode: 'Off', maxMovesPerHour: 1000 } })
  await opened(1, seats.perInstance)
  for (const handle of ['ana', 'ben', 'cem', 'dea']) await join(homes.at(1), handle)
  await opened(2, seats.perInstance)
  const patch = (spec: object) => kube.patch(resources.community, place, { spec })
  await patch({ seats: { perInstance: 2 } })
  const balanced = (reason: string, text = '') =>
    live(`Balanced ${reason}`, operator.community, (seen) => {
      const found = conditionOf(seen, 'Balanced')
      return found?.reason === reason && found.message.includes(text)
    })
  await balanced('RebalanceOff')
  const manifest = (name: string, spec: object): KubeObject => ({
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Rebalance',
    metadata: { name, namespace },
    spec: { community: 'garden', ...spec },
  })
  const get = (name: string) => kube.get(resources.rebalance, { namespace, name })
  return {
    ...operator,
    namespace,
    live,
    patch,
    balanced,
    manifest,
    get,
    apply: (name: string, spec: object = {}) => kube.apply(manifest(name, spec), 'gitops'),
    is: (name: string, phase: string) =>
      live(
        `${name} ${phase}`,
        () => get(name),
        (seen) => Object(seen?.status).phase === phase,
      ),
    says: (name: string, reason: string) =>
      live(
        `${name} ${reason}`,
        () => get(name),
        (seen) => conditionOf(seen, 'Ready')?.reason === reason,
      ),
    names: async () =>
      (await kube.list(resources.rebalance, { namespace })).map(({ metadata }) => metadata.name).sort(),
    living: async () =>
      Promise.all(
        [1, 2].map(async (ordinal) => {
          const { db } = homes.at(ordinal)
          return (await db.selectFrom('members').select('id').where('state', '=', 'active').execute()).length
        }),
      ),
  }
}

test('what people make is planned, waits for them and for each other, moves members, and stays theirs', async () => {
  const town = await crowded(makeHomes(setup.world))
  const { kube, namespace, apply, is, says, get, living, names } = town
  await apply('lost', { community: 'gardne' })
  const lost = await says('lost', 'CommunityMissing')
  expect(conditionOf(lost, 'Ready').message).toContain('spec.community: there is no Community gardne')
  await expect(apply('fast', { maxMovesPerHour: 0 })).rejects.toThrow('spec.maxMovesPerHour must be')

  // The least that one may write. It has a name that the operator might have given.
  await apply('garden-r1')
  const proposed = await is('garden-r1', 'Proposed')
  expect(Object(proposed?.status)).toMatchObject({ planned: 2, moved: 0, left: 2 })
  expect(conditionOf(proposed, 'Ready')).toMatchObject({
    reason: 'ApprovalMissing',
    message: expect.stringContaining(`kubectl -n ${namespace} patch rebalance garden-r1`),
  })
  // The Community says the same, and how to say no.
  await town.balanced('ApprovalMissing', `\`kubectl -n ${namespace} delete rebalance garden-r1\``)
  await apply('night')
  const waiting = await is('night', 'Waiting')
  expect(conditionOf(waiting, 'Ready')).toMatchObject({
    reason: 'AnotherOpen',
    message: expect.stringContaining('garden-r1 is open'),
  })
  expect(await names()).toEqual(['garden-r1', 'lost', 'night'])
  expect(await living()).toEqual([4, 0])

  // Approved, it passes by the one that came before it and that nobody has approved. That one finds nothing to do then.
  await apply('night', { approved: true })
  const done = await is('night', 'Done')
  expect(Object(done?.status)).toMatchObject({ planned: 2, moved: 2, failed: 0, left: 0 })
  expect(await living()).toEqual([2, 2])
  const next = await is('garden-r1', 'Done')
  expect(Object(next?.status)).toMatchObject({ planned: 0, moved: 0, left: 0 })
  expect(conditionOf(next, 'Ready')).toMatchObject({
    status: 'True',
    message: expect.stringContaining('there was nothing to do'),
  })
  await town.balanced('Balanced')
  // Nothing of them is the operator's but the status: a tool that applies them again finds nothing changed.
  for (const [name, approved] of [
    ['garden-r1', false],
    ['night', true],
  ] as const) {
    const { metadata } = (await get(name)) as KubeObject
    expect([metadata.labels, metadata.ownerReferences, metadata.finalizers]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    const again = await apply(name, approved ? { approved } : {})
    expect(again.metadata.resourceVersion).toBe(metadata.resourceVersion)
  }

  // With Auto the operator waits for no approval: its own passes by their names, and by one that they only look at.
  await town.patch({ seats: { perInstance: 1 } })
  await apply('look')
  await is('look', 'Proposed')
  await town.patch({ rebalance: { mode: 'Auto' } })
  const own = await is('garden-r2', 'Done')
  expect(own?.spec).toMatchObject({ reason: 'Overflow', approved: true })
  expect(Object(own?.status)).toMatchObject({ moved: 2, left: 0 })
  expect(Object((await is('look', 'Done'))?.status)).toMatchObject({ planned: 0, moved: 0 })
  expect(await names()).toEqual(['garden-r1', 'garden-r2', 'look', 'lost', 'night'])

  // A Community of that name comes later.
  await kube.create({
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Community',
    metadata: { name: 'gardne', namespace },
    spec: { domain: `later.${town.place().domain}` },
  })
  await town.live(
    'the Community to be found',
    () => get('lost'),
    (seen) => !['CommunityMissing', undefined].includes(conditionOf(seen, 'Ready')?.reason),
  )
})

test('one that is deleted half way: what was begun ends, also where nobody else is moved', async () => {
  const [begun, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const homes = makeHomes(setup.world, async (path) => {
    if (!path.endsWith('/copy')) return
    begun.resolve()
    await released.promise
  })
  const town = await crowded(homes)
  await town.apply('night', { approved: true, maxMovesPerHour: 1 })
  await town.live(
    'half way',
    async () => Promise.race([begun.promise.then(() => true), wait(50, false)]),
    (seen) => seen,
  )
  await town.kube.delete(resources.rebalance, { namespace: town.namespace, name: 'night' })
  const ending = await town.live(
    'one to end it',
    () => town.get('garden-r1'),
    (seen) => Object(seen?.status).phase === 'Moving',
  )
  expect(ending?.spec).toMatchObject({ reason: 'Unfinished' })
  released.resolve()
  const done = await town.is('garden-r1', 'Done')
  expect(conditionOf(done, 'Ready').message).toBe('no move is under way any more')
  expect(await town.living()).toEqual([3, 1])
  await town.balanced('RebalanceOff')
})
