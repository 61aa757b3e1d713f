// An instance, PostgreSQL and the operator's leader are killed: the rest goes on, and the part comes back without help.
import { appendFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../cluster/build/run.ts'
import { type Hamlet, hamlet, member, post } from '../stories/hamlet.ts'
import { closeVisitors, type Visitor, visitor } from '../visitor/visitor.ts'
import {
  deletePod,
  isReady,
  killLeader,
  killProcess,
  leaderOf,
  type Pod,
  podsOf,
  restartsOf,
} from './kill.ts'
import { type Witness, witness } from './witness.ts'

const NAME = 'weald'
const SEATS = { perInstance: 2, maxInstances: 2, minutesBetweenInstances: 0 }
let h: Hamlet
const people = new Map<string, Visitor>()
let stranger: Visitor

const person = (handle: string): Visitor => {
  const found = people.get(handle)
  if (!found) throw new Error(`${handle} did not sign up`)
  return found
}
const instances = (ordinal?: number) =>
  podsOf(h, 'default', `hamlet.coop/${ordinal ? `instance=${NAME}-${ordinal}` : `community=${NAME}`}`)
const deployments = async () => {
  const ask = ['get', 'deployments', '--selector', `hamlet.coop/community=${NAME}`, '--output', 'name']
  return (await h.kubectl(ask)).split('\n').sort()
}

const uidOf = ({ metadata }: Pod) => metadata.uid

/** Looks at a member's pages: their own, their profile, and what remote servers see of them. */
const watch = (handle: string): Witness =>
  witness([
    () => person(handle).get('/home'),
    () => stranger.get(`/@${handle}`),
    () => stranger.get(`/users/${handle}`, { accept: 'application/activity+json' }),
  ])

/**
 * What somebody saw whose instance was not killed, but for the few requests that were under way in the pod when it died,
 * or went to it over a connection that it had kept: no ingress may send those again.
 */
function without503(one: Witness, since: number): readonly number[] {
  const lost = one.glances.filter(({ asked, status }) => asked >= since && status === 503)
  return one.statuses(since).filter((status) => status !== 503 || lost.length > 3)
}

/** Tells how long it took. `npm run bench -- recovery` names a file that keeps it, and holds it against what is aimed at. */
async function tell(what: string, seconds: number): Promise<void> {
  console.log(`${what}: ${seconds.toFixed(1)} s`)
  const file = process.env.HAMLET_RECOVERY
  if (file) await appendFile(file, `${JSON.stringify({ what, seconds })}\n`)
}

beforeAll(async () => {
  h = await hamlet()
  await h.apply(NAME, { seats: SEATS, limits: { signUpsPerHour: 1000 } })
  await h.ready(NAME)
  stranger = visitor(h.site(NAME))
  for (const handle of ['ana', 'bo']) people.set(handle, await member(h.site(NAME), handle))
  await until('the second instance to take people', 90, async () => {
    const status = (await h.read(NAME))?.status
    return status?.instances === 2 && status.free === 2
  })
  people.set('cyd', await member(h.site(NAME), 'cyd'))
  for (const [handle, one] of people) await post(one, `A word of ${handle}`)
})
afterAll(async () => {
  await h?.remove(NAME)
  await closeVisitors()
})

/** Looks at pages while something is done to the cluster, until it is over and all of them are well again. */
async function during(
  watched: readonly Witness[],
  act: (killed: number) => Promise<void>,
): Promise<{ killed: number; over: number }> {
  try {
    await until('every page to be well', 60, async () => watched.every((one) => one.well(0)))
    const killed = performance.now()
    await act(killed)
    const over = performance.now()
    await until('every page to be well again', 60, async () => watched.every((one) => one.well(over)))
    return { killed, over }
  } finally {
    await Promise.all(watched.map((one) => one.stop()))
  }
}

test.each([
  // The container is started again in the same pod.
  ['process', 1, ['ana', 'bo'], 'cyd'],
  // Another pod takes the place, with another address.
  ['pod', 2, ['cyd'], 'ana'],
] as const)('an instance is killed, by its %s', async (what, ordinal, theirs, other) => {
  const [pod] = await instances(ordinal)
  if (!pod) throw new Error(`${NAME}-${ordinal} has no pod`)
  const ill = theirs.map(watch)
  const well = watch(other)
  const { killed } = await during([well, ...ill], async () => {
    await (what === 'process' ? killProcess(h, pod) : deletePod(h, pod))
    await until(`${NAME}-${ordinal} to be back`, 90, async () => {
      const [now] = await instances(ordinal)
      const replaced = now && (now.metadata.uid !== pod.metadata.uid || restartsOf(now) > restartsOf(pod))
      return replaced && isReady(now)
    })
  })
  expect.soft(without503(well, killed), `${other} lives elsewhere`).toEqual([200])
  for (const one of ill) {
    expect.soft([200, 503]).toEqual(expect.arrayContaining([...one.statuses(killed)]))
    await tell(`members of the instance whose ${what} was killed`, one.secondsUntilWell(killed))
  }
})

test('PostgreSQL is killed', async () => {
  const before = await instances()
  const [pod] = await podsOf(h, 'hamlet', 'app.kubernetes.io/component=postgres')
  if (!pod) throw new Error('PostgreSQL has no pod')
  const watched = ['ana', 'cyd'].map(watch)
  const { killed, over } = await during(watched, async () => {
    await deletePod(h, pod)
    await until('another PostgreSQL to be ready', 90, async () => {
      const [now] = await podsOf(h, 'hamlet', 'app.kubernetes.io/component=postgres')
      return now && now.metadata.uid !== pod.metadata.uid && isReady(now)
    })
  })
  const away = (over - killed) / 1000
  console.log(`PostgreSQL itself: ${away.toFixed(1)} s`)
  for (const one of watched) {
    expect([200, 503]).toEqual(expect.arrayContaining([...one.statuses(killed)]))
    await tell('all pages, after PostgreSQL was ready', Math.max(0, one.secondsUntilWell(killed) - away))
  }
  const identity = ({ metadata, ...pod }: Pod) => `${metadata.uid} ${restartsOf({ metadata, ...pod })}`
  expect((await instances()).map(identity).sort()).toEqual(before.map(identity).sort())
  expect((await post(person('ana'), 'After the storm')).status).toBe(200)
})

test('the operator that leads is killed', async () => {
  const before = { deployments: await deployments(), pods: (await instances()).map(uidOf).sort() }
  const leader = await until('a leader', 60, () => leaderOf(h))
  const watched = ['ana', 'cyd'].map(watch)
  const { killed } = await during(watched, async (since) => {
    await killLeader(h, leader)
    await h.apply(NAME, { seats: SEATS, limits: { signUpsPerHour: 1000 }, title: 'The High Weald' })
    await until('another replica to do what is asked', 90, async () => {
      const community = await h.read(NAME)
      return community?.status?.observedGeneration === community?.metadata.generation
    })
    await tell('another replica did what was asked', (performance.now() - since) / 1000)
    await until('the title to be seen', 30, async () =>
      (await stranger.get('/')).html.text.includes('The High Weald'),
    )
    await tell('the change was seen on the front page', (performance.now() - since) / 1000)
  })
  expect((await leaderOf(h)).metadata.name).not.toBe(leader.metadata.name)
  for (const one of watched) expect(one.statuses(killed)).toEqual([200])
  expect({ deployments: await deployments(), pods: (await instances()).map(uidOf).sort() }).toEqual(before)
  expect(before.deployments).toEqual([1, 2].map((ordinal) => `deployment.apps/${NAME}-${ordinal}`))
})
