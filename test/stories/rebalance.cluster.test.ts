// The cap is lowered under people who live there: they move, the operator dies in between, and nobody notices a thing.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../cluster/build/run.ts'
import { closeVisitors, type Visitor, visitor } from '../visitor/visitor.ts'
import { copyDatabase, databaseNamed } from './databases.ts'
import { type Hamlet, hamlet, type InstanceObject, member, post, type RebalanceObject } from './hamlet.ts'
import { seen } from './seen.ts'

const PEOPLE = ['ann', 'bob', 'cyd', 'dot', 'eve', 'fay', 'gus', 'hal']
const spec = (perInstance: number) => ({
  seats: { perInstance, minFree: 1, maxInstances: 4, minutesBetweenInstances: 0 },
  limits: { signUpsPerHour: 1000, logInsPerHour: 1000 },
})

let h: Hamlet
beforeAll(async () => {
  h = await hamlet()
  await h.apply('glade', spec(4))
  await h.ready('glade')
})
afterAll(async () => {
  await h?.remove('glade')
  await closeVisitors()
})

test('from four seats to three: everybody keeps their pages, sessions and followers, and every instance has three', async () => {
  const site = h.site('glade')
  const people = new Map<string, Visitor>()
  for (const [index, name] of PEOPLE.entries()) {
    if (index % 4 === 0)
      await until('a seat', 120, async () => {
        const { status } = (await h.read('glade')) ?? {}
        // The numbers are told every ten seconds: those from before the last four came would promise their seats.
        return status?.members === index && (status.free ?? 0) >= 4 ? status : undefined
      })
    people.set(name, await member(site, name))
  }
  for (const [index, name] of PEOPLE.entries()) {
    const person = people.get(name) as Visitor
    await post(person, `A word of ${name}`)
    const friend = PEOPLE[(index + 3) % PEOPLE.length] ?? ''
    await person.submit(await person.get(`/@${friend}`), '/follow')
  }
  const stranger = visitor(site)
  const look = async () => Promise.all(PEOPLE.map((name) => seen(stranger, name, `A word of ${name}`)))
  const before = await until('all follows to be told at both homes', 60, async () => {
    const now = await look()
    return now.every(
      ([, , followers, following]) =>
        /"totalItems":1\b/.test(`${followers}`) && /"totalItems":1\b/.test(`${following}`),
    )
      ? now
      : undefined
  })
  for (const [actor, outbox, , , page] of before) {
    expect(actor).toMatch(/^ 200 /)
    expect(outbox).toMatch(/^\/outbox\?page=true 200 /)
    expect(page).toBe('page 200 true')
  }
  // An Instance is there before its database is: only one that serves has something to be put back to.
  await until('an instance to move to', 120, async () => {
    const found = await h.list<InstanceObject>('instances', 'glade')
    const ready = found.filter(({ status }) =>
      status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    )
    return ready.length >= 3
  })

  const third = await databaseNamed(h, 'glade-3', 'database-url')
  await copyDatabase(h, third, `${third}_before`)
  await h.apply('glade', spec(3))
  let over = false
  const statuses = new Map<number, number>()
  const watching = (async () => {
    for (let turn = 0; !over; turn++) {
      const name = PEOPLE[turn % PEOPLE.length] ?? ''
      const answer = await stranger.get(`/users/${name}`, { accept: 'application/activity+json' })
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    }
  })()
  await until('a Rebalance', 60, async () => (await h.list<RebalanceObject>('rebalances', 'glade'))[0])
  // Whoever leads next goes on from what the directory says.
  const operators = ['--selector', 'app.kubernetes.io/component=operator', '--namespace', 'hamlet']
  await h.kubectl(['delete', 'pod', ...operators, '--wait=false'])
  const done = await until('it to be done', 240, async () => {
    const [one] = await h.list<RebalanceObject>('rebalances', 'glade')
    return one?.status?.phase === 'Done' ? one : undefined
  })
  over = true
  await watching
  expect(done.status).toMatchObject({ planned: 2, moved: 2, left: 0 })
  // A member on the move may be waited for; nobody is ever told that there is no such person.
  expect([...statuses.keys()].filter((status) => status !== 200 && status !== 503)).toEqual([])

  // Instances are counted one after the other: who was seen at neither on the way is at one of them a moment later.
  await until('all caps, with everybody counted', 60, async () => {
    const found = await h.list<InstanceObject>('instances', 'glade')
    const members = found.reduce((sum, { status }) => sum + (status?.members ?? 0), 0)
    const fits = found.every(({ status }) => status?.cap === 3 && (status.members ?? 9) <= 3)
    return fits && members === PEOPLE.length
  })
  expect(await look()).toEqual(before)
  const athome = async () => {
    for (const [name, person] of people) {
      const home = await person.get('/home')
      expect([name, home.status, home.path]).toEqual([name, 200, '/home'])
      expect((await post(person, `Still ${name}`)).status).toBe(200)
    }
  }
  await athome()
  const objects = await h.kubectl(['get', 'rebalances,communities,instances,events', '--output', 'json'])
  for (const name of PEOPLE) expect(objects).not.toContain(`"${name}"`)

  // The instance that they went to is put back to before they came: the homes that they left have kept them.
  await copyDatabase(h, `${third}_before`, third)
  const answers: number[] = []
  await until('everybody to be back', 120, async () => {
    const pages = await Promise.all(PEOPLE.map((name) => stranger.get(`/@${name}`)))
    answers.push(...pages.map(({ status }) => status))
    return pages.every(
      ({ status }, index) => status === 200 && pages[index]?.html.text.includes(`A word of ${PEOPLE[index]}`),
    )
  })
  expect(answers.filter((status) => status !== 200 && status !== 503)).toEqual([])
  await until('nobody to be missing', 60, async () => {
    const known = (await h.read('glade'))?.status?.conditions?.find(({ type }) => type === 'MembersKnown')
    return known?.status === 'True'
  })
  await athome()
})
