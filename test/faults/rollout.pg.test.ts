// An instance is replaced while people ask: it ends without cutting anybody off, and only its own members wait.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { closeVisitors, type Visitor, visitor } from '../visitor/visitor.ts'
import { startCommunity } from '../world/community.ts'
import { until } from './load.ts'

let community: Awaited<ReturnType<typeof startCommunity>>
const people = new Map<string, Visitor>()

beforeAll(async () => {
  community = await startCommunity({ postgresPort: inject('postgresPort') }, { homes: 2, cap: 1 })
  for (const handle of ['ana', 'bo']) {
    const one = visitor(community.site)
    people.set(handle, one)
    await one.submit(await one.get('/sign-up'), '/sign-up', { handle, password: 'correct horse battery' })
  }
})
afterAll(async () => {
  await closeVisitors()
  await community.close()
})

test('stopped and started under load, through the front', async () => {
  const home = (handle: string) => community.running(1).instance.homes.byHandle(handle)?.home
  const here = [...people.keys()].find((handle) => home(handle) === 1) ?? ''
  const there = [...people.keys()].find((handle) => home(handle) === 2) ?? ''
  const seen: { what: string; status: number }[] = []
  const written: string[] = []
  let stopped = false
  const read = async (what: string, path: string) => {
    const one = visitor(community.site)
    while (!stopped) seen.push({ what, status: (await one.get(path)).status })
  }
  const write = async (handle: string) => {
    const one = people.get(handle)
    for (let count = 1; one && !stopped; count++) {
      const compose = await one.get('/compose')
      if (compose.status !== 200) continue
      const text = `number ${count} of ${handle}`
      const { status, path } = await one.submit(compose, '/posts', { text })
      if (status === 200 && path !== '/posts') written.push(text)
    }
  }
  const all = [
    read('community', '/sign-up'),
    read('here', `/@${here}`),
    read('there', `/@${there}`),
    write(here),
    write(there),
  ]
  const enough = (count: number) => {
    const from = seen.length
    return until('more was asked', () => seen.length > from + count, 30_000)
  }

  await enough(20)
  await community.stop(2)
  await enough(30)
  await community.start(2)
  await enough(30)
  stopped = true
  await Promise.all(all)

  const statuses = (what: string) =>
    new Set(seen.filter((one) => one.what === what).map(({ status }) => status))
  expect(statuses('community')).toEqual(new Set([200]))
  expect(statuses('here')).toEqual(new Set([200]))
  expect(statuses('there')).toEqual(new Set([200, 503]))
  // What was acknowledged is there, once.
  for (const handle of [here, there]) {
    const ordinal = home(handle) ?? 0
    const rows = await community.databases.homes
      .get(ordinal)
      ?.db.selectFrom('posts')
      .select('content_text')
      .execute()
    const texts = rows?.map(({ content_text }) => content_text) ?? []
    expect(new Set(texts).size).toBe(texts.length)
    for (const text of written.filter((one) => one.endsWith(handle))) expect(texts).toContain(text)
  }
  expect(written.filter((text) => text.endsWith(there)).length).toBeGreaterThan(0)
})
