// An instance is emptied by name: it goes, and everybody who lived there is reached at the same addresses with the same session.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../cluster/build/run.ts'
import { closeVisitors, type Visitor, visitor } from '../visitor/visitor.ts'
import { copyDatabase, databaseNamed } from './databases.ts'
import { type Hamlet, hamlet, member, post } from './hamlet.ts'
import { seen } from './seen.ts'

const PEOPLE = ['ida', 'joe', 'kim', 'lea', 'max']
const spec = (more: { readonly perInstance: number; readonly drain?: readonly number[] }) => ({
  seats: { perInstance: more.perInstance, minFree: 1, maxInstances: 3, minutesBetweenInstances: 0 },
  rebalance: { retireAfterDays: 0 },
  limits: { signUpsPerHour: 1000, logInsPerHour: 1000 },
  ...(more.drain && { drain: more.drain }),
})

let h: Hamlet
beforeAll(async () => {
  h = await hamlet()
  await h.apply('dell', spec({ perInstance: 3 }))
  await h.ready('dell')
})
afterAll(async () => {
  await h?.remove('dell')
  await closeVisitors()
})

async function names(kind: string): Promise<string[]> {
  const selected = ['get', kind, '--selector', 'hamlet.coop/community=dell', '--output', 'name']
  return (await h.kubectl(selected)).split('\n').filter((line) => line !== '')
}

test('the instance goes when nobody lives there any more, and everybody is where they were for all the world', async () => {
  const site = h.site('dell')
  const people = new Map<string, Visitor>()
  for (const [index, name] of PEOPLE.entries()) {
    if (index % 3 === 0)
      await until('a seat', 120, async () => {
        const { status } = (await h.read('dell')) ?? {}
        return status?.members === index && (status.free ?? 0) >= 3 ? status : undefined
      })
    people.set(name, await member(site, name))
  }
  for (const [name, person] of people) await post(person, `A word of ${name}`)
  const [first, , , fourth] = PEOPLE
  const follower = people.get(fourth ?? '') as Visitor
  await follower.submit(await follower.get(`/@${first}`), '/follow')
  const stranger = visitor(site)
  const look = () => Promise.all(PEOPLE.map((name) => seen(stranger, name, `A word of ${name}`)))
  const before = await until('the follow to be told at both homes', 60, async () => {
    const now = await look()
    const told = `${now[0]?.[2]} ${now[3]?.[3]}`
    return (told.match(/"totalItems":1\b/g) ?? []).length === 2 ? now : undefined
  })
  for (const [actor, , , , page] of before) {
    expect(actor).toMatch(/^ 200 /)
    expect(page).toBe('page 200 true')
  }
  expect(await names('instances')).toHaveLength(2)

  const directory = await databaseNamed(h, 'dell-community', 'directory-url')
  await copyDatabase(h, directory, `${directory}_before`)
  await h.apply('dell', spec({ perInstance: 8, drain: [2] }))
  const statuses = new Map<number, number>()
  // An empty instance stays for a minute before it goes, however fast the machine asks.
  const latest = performance.now() + 300_000
  for (let turn = 0; (await names('instances')).length > 1; turn++) {
    if (performance.now() > latest)
      throw new Error(
        `it does not go: ${await h.kubectl(['get', 'instances,rebalances', '--output', 'yaml'])}`,
      )
    const answer = await stranger.get(`/users/${PEOPLE[turn % PEOPLE.length]}`, {
      accept: 'application/activity+json',
    })
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
  }
  // A member on the move may be waited for; nobody is ever told that there is no such person.
  expect([...statuses.keys()].filter((status) => status !== 200 && status !== 503)).toEqual([])
  expect(await names('instances')).toEqual(['instance.hamlet.coop/dell-1'])
  expect(await names('deployments')).toEqual(['deployment.apps/dell-1'])
  expect((await names('services')).sort()).toEqual(['service/dell', 'service/dell-1'])
  expect(await h.kubectl(['get', 'secret', 'dell-2', '--ignore-not-found', '--output', 'name'])).toBe('')

  expect(await look()).toEqual(before)
  for (const [name, person] of people) {
    const home = await person.get('/home')
    expect([name, home.status, home.path]).toEqual([name, 200, '/home'])
    expect((await post(person, `Still ${name}`)).status).toBe(200)
  }
  const ready = await h.ready('dell')
  expect(ready.status).toMatchObject({ instances: 1, members: PEOPLE.length })
  expect(ready.status?.conditions?.find(({ type }) => type === 'Drained')).toMatchObject({ status: 'True' })

  // A directory from before all that: it homes two of them at an instance that is no more.
  await copyDatabase(h, `${directory}_before`, directory)
  await until('the directory to be made whole', 120, async () => {
    const events = await h.kubectl([
      'get',
      'events',
      '--output',
      'name',
      '--field-selector',
      'reason=DirectoryRegressed',
    ])
    const status = (await h.read('dell'))?.status
    const known = status?.conditions?.find(({ type }) => type === 'MembersKnown')
    return events !== '' && known?.status === 'True' && status?.members === PEOPLE.length
  })
  await until('everybody to be where they were', 60, async () => {
    const homes = await Promise.all([...people.values()].map((person) => person.get('/home')))
    return homes.every(({ status }) => status === 200)
  })
  for (const [name, person] of people) {
    expect((await post(person, `${name} after all`)).status).toBe(200)
    expect((await stranger.get(`/@${name}`)).html.text).toContain(`${name} after all`)
  }
  expect(await names('instances')).toEqual(['instance.hamlet.coop/dell-1'])
})
