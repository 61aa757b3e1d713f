// A sixth of a community moves while all of it is at work, and the operator, an instance and PostgreSQL are killed on
// the way: nothing that was acknowledged is lost, and no instance ever has more members than seats.
import { appendFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../cluster/build/run.ts'
import { deletePod, isReady, killLeader, killProcess, leaderOf, podsOf } from '../faults/kill.ts'
import { notedFaults } from '../faults/noted.ts'
import { type Hamlet, hamlet, type InstanceObject, member, type RebalanceObject } from '../stories/hamlet.ts'
import { closeVisitors, visitor } from '../visitor/visitor.ts'
import { type Address, addressesOf, type Member, putToWork, type Span } from './at-work.ts'
import { audit, inTurns, openLedger } from './ledger.ts'
import { seatsOf } from './seats.ts'

/** `npm run bench -- busy` plays it with 600. */
const PEOPLE = Number(process.env.HAMLET_BUSY ?? 60)
const FULL = PEOPLE / 2
const LOWERED = (PEOPLE / 12) * 5
const MOVES = PEOPLE - 2 * LOWERED
const WORKERS = 8
const NAME = 'market'

const spec = (perInstance: number) => ({
  seats: { perInstance, minFree: 1, maxInstances: 3, minutesBetweenInstances: 0 },
  rebalance: { maxMovesPerHour: 10_000 },
  limits: { signUpsPerHour: 10_000, logInsPerHour: 10_000 },
})

let h: Hamlet
beforeAll(async () => {
  h = await hamlet()
  await h.apply(NAME, spec(FULL))
  await h.ready(NAME)
})
afterAll(async () => {
  await h?.remove(NAME)
  await closeVisitors()
})

const moved = async () =>
  (await h.list<RebalanceObject>('rebalances', NAME)).reduce(
    (sum, { status }) => sum + (status?.moved ?? 0),
    0,
  )

/** The one that answers: what it is just sending breaks off with it, and nothing else may. */
const INSTANCE = 'an instance'
const kills: readonly [share: number, what: string, kill: () => Promise<void>][] = [
  [0.1, 'the operator that leads', async () => killLeader(h, await leaderOf(h))],
  [
    0.35,
    INSTANCE,
    async () => {
      const [pod] = await podsOf(h, 'default', `hamlet.coop/instance=${NAME}-1`)
      if (!pod) throw new Error(`${NAME}-1 has no pod`)
      await killProcess(h, pod)
    },
  ],
  [
    0.6,
    'PostgreSQL',
    async () => {
      const [pod] = await podsOf(h, 'hamlet', 'app.kubernetes.io/component=postgres')
      if (!pod) throw new Error('PostgreSQL has no pod')
      await deletePod(h, pod)
    },
  ],
]

test(`${PEOPLE} members at work, ${MOVES} of them on the move, and three things killed: nothing acknowledged is lost`, async () => {
  const site = h.site(NAME)
  const handles = Array.from({ length: PEOPLE }, (_, index) => `m${index}`)
  const members: Member[] = []
  const join = (some: readonly string[]) =>
    inTurns(some, WORKERS, async (handle) => {
      members.push({ handle, person: await member(site, handle) })
    })
  await join(handles.slice(0, FULL))
  await until('the second instance to take people', 120, async () => {
    const status = (await h.read(NAME))?.status
    return status?.members === FULL && (status.free ?? 0) >= FULL
  })
  await join(handles.slice(FULL))
  await until('the third instance', 120, async () => {
    const status = (await h.read(NAME))?.status
    return status?.members === PEOPLE && status.instances === 3
  })

  const ledger = openLedger()
  await inTurns(members, WORKERS, async ({ handle, person }) => {
    const text = `The first word of ${handle}`
    await person.submit(await person.get('/home'), '/posts', { text, visibility: 'public' })
    ledger.wrote(handle, text)
  })
  const stranger = visitor(site)
  const addresses: Address[] = []
  await inTurns(handles, WORKERS, async (handle) => {
    addresses.push(...(await addressesOf(stranger, handle, `The first word of ${handle}`)))
  })

  const work = putToWork(members, addresses, ledger, WORKERS)
  const begun = performance.now()
  let seconds = 0
  const killing: Span[] = []
  try {
    await h.apply(NAME, spec(LOWERED))
    for (const [share, what, kill] of kills) {
      await until(`${share} of the moves`, 300, async () => (await moved()) >= share * MOVES)
      console.log(`${what} is killed after ${((performance.now() - begun) / 1000).toFixed(0)} s`)
      const from = performance.now()
      await kill()
      if (what === INSTANCE) killing.push({ from, to: performance.now() })
    }
    await until('every instance to have no more members than seats', 600, async () => {
      const found = await h.list<InstanceObject>('instances', NAME)
      return found.every(({ status }) => status?.cap === LOWERED && (status.members ?? PEOPLE) <= LOWERED)
    })
    seconds = (performance.now() - begun) / 1000
  } finally {
    await work.stop()
  }
  const answers = Object.fromEntries([...work.answers].sort())
  const written = [...ledger.posts.values()].reduce((sum, texts) => sum + texts.length, 0)
  const ties = [...ledger.follows.values()].reduce((sum, friends) => sum + friends.size, 0)
  console.log(
    `${seconds.toFixed(0)} s; ${written} posts and ${ties} follows acknowledged; ${JSON.stringify(answers)}`,
  )
  if (work.odd.length > 0) {
    const noted = await notedFaults(h, 'default', `hamlet.coop/community=${NAME}`)
    console.log(`what the instances noted: ${JSON.stringify(noted, undefined, 2)}`)
  }
  expect(work.odd).toEqual([])
  const underWay = (one: Span) => killing.some(({ from, to }) => one.from < to && one.to > from)
  expect(work.broken.filter((one) => !underWay(one))).toEqual([])

  await until('PostgreSQL and every instance to be ready', 120, async () =>
    [
      ...(await podsOf(h, 'hamlet', 'app.kubernetes.io/component=postgres')),
      ...(await podsOf(h, 'default', `hamlet.coop/community=${NAME}`)),
    ].every(isReady),
  )
  // What one instance owes another is on its way for a moment longer.
  const stopped = performance.now()
  let last: unknown
  await until('everything acknowledged to be there, once', 300, async () =>
    audit(ledger, handles, stranger).then(
      () => true,
      (error: unknown) => {
        last = error
        return false
      },
    ),
  ).catch((error: unknown) => {
    throw last ?? error
  })
  console.log(`all of it is told everywhere ${((performance.now() - stopped) / 1000).toFixed(0)} s later`)
  for (const { path, headers, body } of addresses)
    expect((await stranger.get(path, headers)).body, path).toContain(body)

  const instances = await h.list<InstanceObject>('instances', NAME)
  const seats = await seatsOf(
    h,
    instances.map(({ metadata }) => metadata.name),
  )
  expect(seats.reduce((sum, { residents }) => sum + residents, 0)).toBe(PEOPLE)
  for (const { instance, cap, residents, highWater } of seats) {
    // Nobody was in the third one before there were fewer seats.
    const most = instance === `${NAME}-3` ? LOWERED : FULL
    expect([instance, cap, residents <= cap, highWater <= most]).toEqual([instance, LOWERED, true, true])
  }
  const file = process.env.HAMLET_BUSY_RESULT
  const took = [...work.took].sort((one, other) => one - other)
  if (file) await appendFile(file, JSON.stringify({ seconds, written, ties, answers, took, moves: MOVES }))
}, 1_800_000)
