// 400 people at once, 300 seats, and nobody to help: exactly 300 get in, and the rest when the next instance serves.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../cluster/build/run.ts'
import { closeVisitors, type Page, visitor } from '../visitor/visitor.ts'
import { type Hamlet, hamlet, signUp } from './hamlet.ts'

const PEOPLE = 400
const CONNECTIONS = 50

let h: Hamlet
beforeAll(async () => {
  h = await hamlet()
  await h.apply('fair', {
    seats: { perInstance: 300, maxInstances: 1 },
    limits: { signUpsPerHour: 10_000, logInsPerHour: 10_000 },
  })
  await h.ready('fair')
})
afterAll(async () => {
  await h?.kubectl(['scale', 'deployment/hamlet-operator', '--namespace', 'hamlet', '--replicas', '2'])
  await h?.remove('fair')
  await closeVisitors()
})

test('with the operator away the cap holds, and with it back everybody gets in', async () => {
  await h.kubectl(['scale', 'deployment/hamlet-operator', '--namespace', 'hamlet', '--replicas', '0'])
  await h.kubectl([
    'rollout',
    'status',
    'deployment/hamlet-operator',
    '--namespace',
    'hamlet',
    '--timeout',
    '60s',
  ])

  const site = h.site('fair')
  const pages = new Map<string, Page>()
  const people = Array.from({ length: PEOPLE }, (_, n) => ({
    handle: `guest${n}`,
    person: visitor(site, { connections: CONNECTIONS }),
  }))
  let next = 0
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let one = people[next++]; one; one = people[next++])
        pages.set(one.handle, await signUp(one.person, one.handle))
    }),
  )
  const inside = [...pages].filter(([, page]) => page.status === 200 && !page.path.startsWith('/sign-up'))
  const waiting = [...pages].filter(([, page]) => page.path.startsWith('/sign-up/wait/'))
  const others = [...pages.values()].filter((page) => page.status !== 200)
  expect(
    others.map((page) => `${page.status} ${page.path} ${page.html.querySelector('main')?.text}`),
  ).toEqual([])
  expect([inside.length, waiting.length]).toEqual([300, 100])
  expect(waiting[0]?.[1].html.text).toMatch(/Place in the queue/)

  await h.kubectl(['scale', 'deployment/hamlet-operator', '--namespace', 'hamlet', '--replicas', '2'])
  await h.apply('fair', {
    seats: { perInstance: 300, maxInstances: 2, minutesBetweenInstances: 0 },
    limits: { signUpsPerHour: 10_000, logInsPerHour: 10_000 },
  })
  const status = await until('all to be seated', 240, async () => {
    const found = (await h.read('fair'))?.status
    return found?.members === PEOPLE && found.waiting === 0 ? found : undefined
  })
  expect(status.instances).toBe(2)
  // Each Instance is counted by itself, and says so a moment later.
  await until('each instance to be counted', 60, async () => {
    const found = await h.list<{ readonly status?: { readonly members?: number } }>('instances', 'fair')
    const counts = found.map((one) => one.status?.members ?? 0).sort((a, b) => a - b)
    return counts.join() === '100,300'
  })

  // The page of somebody who waited lets them in by itself.
  const late = people.find(({ handle }) => handle === waiting[0]?.[0])
  const arrived = await late?.person.get(waiting[0]?.[1].path ?? '/')
  expect(arrived?.path).toBe('/home')
})
