// A cap is lowered under members, with the operator as it runs, on a real API server and PostgreSQL and with real homes.
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readProposed } from '../../instance/directory/moves/rebalances.ts'
import { writePost } from '../../instance/posts/write.ts'
import { resources } from '../../operator/kube/resources.ts'
import type { KubeObject } from '../../operator/kube/types.ts'
import { conditionOf, operate } from '../../operator/testing/operate.ts'
import { type Setup, setUp } from '../../operator/testing/setup.ts'
import { makeHomes, type TestHomes } from '../kubernetes/homes.ts'
import { playTown } from '../kubernetes/town.ts'
import { must } from '../postgres/lives.ts'
import { join, type TestMember } from '../postgres/people.ts'

let setup: Setup
beforeAll(async () => {
  setup = await setUp()
})
afterAll(() => setup?.stop())

type Town = Awaited<ReturnType<typeof settle>>

/** A community of two full instances of six, and an empty one. Friends are neighbours: the first three, the next three … */
async function settle(homes: TestHomes, spec: object = {}) {
  const operator = await operate({ ...setup, reach: homes.reach }, 'town')
  const { place, live, opened } = playTown(setup.world, homes, operator)
  const { namespace } = place
  const seats = { perInstance: 6, minFree: 1, maxInstances: 4, minutesBetweenInstances: 0 }
  await operator.create(0, { seats, rebalance: { maxMovesPerHour: 1000 }, ...spec })
  const people: TestMember[] = []
  for (const ordinal of [1, 2]) {
    await opened(ordinal, seats.perInstance)
    for (let i = 0; i < 6; i++)
      people.push(await join(homes.at(ordinal), `resident_${ordinal}${'abcdef'[i]}`))
    const { db } = homes.at(ordinal)
    for (const one of people.slice(-6)) {
      must(await writePost(homes.at(ordinal), one, { text: `I am ${one.handle}`, visibility: 'public' }))
      for (const other of friendsOf(people, one)) {
        await db
          .insertInto('follows')
          .values({ follower_id: one.id, followee_id: other.id, state: 'accepted' })
          .execute()
      }
    }
  }
  await opened(3, seats.perInstance)
  const patch = (change: object) => operator.kube.patch(resources.community, place, { spec: change })
  const rebalances = () => operator.kube.list(resources.rebalance, { namespace })
  const rebalanced = (phase: string) =>
    live(phase, rebalances, ([seen]) => Object(seen?.status).phase === phase).then(
      ([seen]) => seen as KubeObject,
    )
  return { ...operator, place, live, people, patch, rebalances, rebalanced, namespace, homes }
}

function friendsOf(people: readonly TestMember[], one: TestMember): TestMember[] {
  const index = people.indexOf(one)
  const first = index - (index % 3)
  return people.slice(first, first + 3).filter((other) => other !== one)
}

/** How many live where by each one's own account, the database of their home. */
async function residents({ homes }: Town): Promise<{ ordinal: number; ids: string[]; cap: number }[]> {
  return Promise.all(
    homes.ordinals().map(async (ordinal) => {
      const { db } = homes.at(ordinal)
      const rows = await db.selectFrom('members').select('id').where('state', '=', 'active').execute()
      const { cap } = await db.selectFrom('home').select('cap').executeTakeFirstOrThrow()
      return { ordinal, ids: rows.map(({ id }) => id), cap }
    }),
  )
}

/** Everybody lives at one home, in seats that are enforced, with their posts and friends. */
async function expectAllWell(town: Town): Promise<void> {
  const { people, homes } = town
  const found = await town.live(
    'caps',
    () => residents(town),
    (seen) => seen.every(({ ids, cap }) => ids.length <= 4 && cap === 4),
  )
  expect(found.flatMap(({ ids }) => ids).sort()).toEqual(people.map(({ id }) => id).sort())
  const rows = await homes.at(1).directory.selectFrom('instances').select(['cap', 'taken']).execute()
  expect(rows.every(({ cap, taken }) => cap === 4 && taken <= 4)).toBe(true)
  for (const { ordinal, ids } of found) {
    const { db } = homes.at(ordinal)
    for (const id of ids) {
      const one = people.find((person) => person.id === id) as TestMember
      const followed = await db
        .selectFrom('follows')
        .select('followee_id')
        .where('follower_id', '=', id)
        .execute()
      const friends = friendsOf(people, one).map((friend) => friend.id)
      expect(followed.map(({ followee_id }) => followee_id).sort()).toEqual(friends.sort())
      const posts = await db.selectFrom('posts').select('content_text').where('account_id', '=', id).execute()
      expect(posts.map(({ content_text }) => content_text)).toEqual([`I am ${one.handle}`])
    }
  }
}

/** Nothing that etcd holds says who moved. */
async function expectNobodyNamed({ kube, namespace, people }: Town): Promise<void> {
  const kinds = [resources.rebalance, resources.community, resources.instance, resources.coreEvent]
  const text = JSON.stringify(await Promise.all(kinds.map((kind) => kube.list(kind, { namespace }))))
  for (const { id, handle } of people) {
    expect(text).not.toContain(id)
    expect(text).not.toContain(handle)
  }
}

test('a lowered cap moves the fewest, friends together, and says on the way how far it is', async () => {
  const town = await settle(makeHomes(setup.world))
  await town.patch({ seats: { perInstance: 4 } })
  const done = await town.rebalanced('Done')
  await expectAllWell(town)
  const status = Object(done.status)
  expect(done.metadata.name).toBe('garden-r1')
  expect(done.spec).toMatchObject({ community: 'garden', reason: 'Overflow', approved: true })
  expect(status).toMatchObject({ planned: 4, moved: 4, failed: 0, left: 0, friendsKeptBefore: 100 })
  expect(status.seats.map(({ cap }: { cap: number }) => cap)).toEqual([4, 4, 4, 4])
  expect(status.seats[0]).toMatchObject({ instance: 'garden-1', from: 6 })
  expect(conditionOf(done, 'Ready')).toMatchObject({ status: 'True', reason: 'Settled' })
  const balanced = await town.live(
    'Balanced',
    town.community,
    (seen) => conditionOf(seen, 'Balanced')?.status === 'True',
  )
  expect(Object(balanced?.status)).toMatchObject({ members: 12, overflow: 0 })
  await expectNobodyNamed(town)
  // At rest nobody is moved any more.
  await town.patch({ title: 'Later' })
  await town.ready('True', 'Serving')
  expect(await town.rebalances()).toHaveLength(1)
})

test('an operator that dies with moves half way is followed by one that ends them first', async () => {
  let dying = false
  const held = Promise.withResolvers<void>()
  const homes = makeHomes(setup.world, async (path) => {
    // Nothing more is said of the move to its homes: it is as if the process had been killed.
    if (!path.endsWith('/freeze') || dying) return
    dying = true
    held.resolve()
    await new Promise(() => undefined)
  })
  const town = await settle(homes)
  await town.patch({ seats: { perInstance: 4 } })
  await town.live(
    'half way',
    async () => Promise.race([held.promise.then(() => true), wait(50, false)]),
    (seen) => seen,
  )
  void town.close()
  const next = town.start()
  await next.port
  const done = await town.rebalanced('Done')
  await expectAllWell(town)
  expect(Object(done.status)).toMatchObject({ moved: 4, failed: 0, left: 0 })
  await expectNobodyNamed(town)
})

test('Manual waits for approval; stopped it begins nothing; too few seats are told, and nobody is sent away', async () => {
  const town = await settle(makeHomes(setup.world), {
    rebalance: { mode: 'Manual', maxMovesPerHour: 1000 },
    seats: { perInstance: 6, minFree: 1, maxInstances: 3, minutesBetweenInstances: 0 },
  })
  await town.patch({ seats: { perInstance: 3 } })
  const lacking = await town.live(
    'too few',
    town.community,
    (seen) => conditionOf(seen, 'Balanced')?.reason === 'MaxInstancesReached',
  )
  expect(conditionOf(lacking, 'Balanced').message).toContain('raise spec.seats.maxInstances')
  expect(Object(lacking?.status)).toMatchObject({ members: 12, overflow: 6 })
  await town.patch({ seats: { perInstance: 4, maxInstances: 4 } })
  const proposed = await town.live(
    'a proposal',
    town.rebalances,
    ([seen]) => Object(seen?.status).phase === 'Proposed' && Object(seen?.status).planned === 4,
  )
  // Whoever has to say yes or no is told, and how, wherever they look; so are the people who look after the community.
  const { message } = conditionOf(proposed[0], 'Ready')
  const name = { namespace: town.namespace, name: 'garden-r1' }
  expect(message).toContain('a plan of 4 moves waits for approval')
  for (const word of ['approved', 'stopped'])
    expect(message).toContain(
      `\`kubectl -n ${name.namespace} patch rebalance garden-r1 --type merge -p '{"spec":{"${word}":true}}'\``,
    )
  await town.live(
    'the Community to say so',
    town.community,
    (seen) => conditionOf(seen, 'Balanced')?.message === `garden-r1: ${message}`,
  )
  const metric = async () =>
    (await (await fetch(`http://127.0.0.1:${town.port}/metrics`)).text())
      .split('\n')
      .filter((line) => line.startsWith('hamlet_rebalances_awaiting_approval{'))
  const counted = (many: number) => [
    `hamlet_rebalances_awaiting_approval{namespace="${name.namespace}",community="garden"} ${many}`,
  ]
  expect(await metric()).toEqual(counted(1))
  const told = async () =>
    (await town.kube.list(resources.event, { namespace: name.namespace })).filter(
      ({ reason, regarding }) => reason === 'ApprovalMissing' && Object(regarding).kind === 'Community',
    )
  const [event] = await town.live('an Event', told, (seen) => seen.length > 0)
  expect(event?.note).toContain("patch rebalance garden-r1 --type merge -p '")
  const shown = () => readProposed(town.homes.at(1).directory)
  await town.live('moderators to see it', shown, (seen) => seen?.moves === 4 && seen.reason === 'Overflow')

  await town.kube.patch(resources.rebalance, name, { spec: { approved: true, stopped: true } })
  await town.rebalanced('Stopped')
  await town.live('nothing to wait', shown, (seen) => seen === undefined)
  expect(await metric()).toEqual(counted(0))
  expect(await told()).toHaveLength(1)
  expect((await residents(town)).map(({ ids }) => ids.length).filter((many) => many > 0)).toEqual([6, 6])
  await town.kube.patch(resources.rebalance, name, { spec: { stopped: false } })
  await town.rebalanced('Done')
  await expectAllWell(town)
})
