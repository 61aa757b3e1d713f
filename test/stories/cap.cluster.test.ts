// No more than the cap ever share an instance; the next one is there before it is needed.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../cluster/build/run.ts'
import { closeVisitors, visitor } from '../visitor/visitor.ts'
import { type Hamlet, hamlet, member, post } from './hamlet.ts'

const PEOPLE = ['ann', 'bob', 'cyd', 'dot']

let h: Hamlet
beforeAll(async () => {
  h = await hamlet()
  await h.apply('copse', {
    seats: { perInstance: 3, maxInstances: 3, minutesBetweenInstances: 0 },
    limits: { signUpsPerHour: 1000 },
  })
  await h.ready('copse')
})
afterAll(async () => {
  await h?.remove('copse')
  await closeVisitors()
})

type InstanceObject = { metadata: { name: string }; status?: { members?: number; cap?: number } }

async function instances(): Promise<InstanceObject[]> {
  const selected = ['get', 'instances', '--selector', 'hamlet.coop/community=copse', '--output', 'json']
  return (JSON.parse(await h.kubectl(selected)) as { items: InstanceObject[] }).items
}

test('the fourth lives on a second instance, opened before it was needed, and every door leads to all four', async () => {
  const site = h.site('copse')
  const visitors = new Map<string, Awaited<ReturnType<typeof member>>>()
  for (const name of PEOPLE.slice(0, 3)) visitors.set(name, await member(site, name))
  await until('the second instance to take people', 90, async () => {
    const free = (await h.read('copse'))?.status
    return (free?.instances ?? 0) >= 2 && (free?.free ?? 0) >= 1
  })
  // Nobody waits: the fourth gets in at once.
  visitors.set('dot', await member(site, 'dot'))

  for (const [name, person] of visitors) {
    expect((await post(person, `A word of ${name}`)).status).toBe(200)
  }
  const counted = await until('status to count four', 60, async () => {
    const found = await instances()
    return found.reduce((sum, one) => sum + (one.status?.members ?? 0), 0) === 4 ? found : undefined
  })
  expect(counted.map((one) => one.status?.members).sort()).toEqual([1, 3])

  // Both pods stand behind one Service; whichever takes a request, the answer is the same.
  const stranger = visitor(site)
  for (const name of PEOPLE) {
    const seen = new Set<string>()
    for (let tries = 0; tries < 6; tries++) {
      const page = await stranger.get(`/@${name}`)
      expect(page.status).toBe(200)
      expect(page.html.text).toContain(`A word of ${name}`)
      const actor = await stranger.get(`/users/${name}`, { accept: 'application/activity+json' })
      expect(actor.status).toBe(200)
      seen.add(actor.body)
      const outbox = await stranger.get(`/users/${name}/outbox?page=true`, {
        accept: 'application/activity+json',
      })
      expect(outbox.status).toBe(200)
      expect(outbox.body).toContain(`A word of ${name}`)
      const finger = await stranger.get(`/.well-known/webfinger?resource=acct:${name}@copse.localhost`)
      expect(JSON.parse(finger.body)).toMatchObject({ subject: `acct:${name}@copse.localhost` })
    }
    expect(seen.size).toBe(1)
  }
})

test('friends on two instances follow each other and read each other', async () => {
  const site = h.site('copse')
  const eve = await member(site, 'eve')
  const before = await eve.get('/@ann')
  await eve.submit(before, '/follow')
  const ann = visitor(site)
  await ann.submit(await ann.get('/log-in'), '/log-in', {
    handle: 'ann',
    password: 'correct horse battery staple',
  })
  await until('ann to have a follower', 30, async () =>
    (await ann.get('/@ann/followers')).html.text.includes('eve'),
  )
  await post(ann, 'Only across the hedge', 'followers')
  await until('eve to read it', 30, async () =>
    (await eve.get('/home')).html.text.includes('Only across the hedge'),
  )
  const stranger = visitor(site)
  expect((await stranger.get('/@ann')).html.text).not.toContain('Only across the hedge')
})
