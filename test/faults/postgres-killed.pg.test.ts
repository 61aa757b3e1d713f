// PostgreSQL is killed under load and comes back: pages are 503 meanwhile and 200 after, and no process is restarted.
import { request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PostgresServer, startPostgres } from '../postgres/server/server.ts'
import { closeVisitors, type Visitor, visitor } from '../visitor/visitor.ts'
import { startCommunity } from '../world/community.ts'
import { keepAsking, until } from './load.ts'

let postgres: PostgresServer
let community: Awaited<ReturnType<typeof startCommunity>>
const people: Visitor[] = []

beforeAll(async () => {
  postgres = await startPostgres()
  community = await startCommunity({ postgresPort: postgres.port }, { homes: 2, cap: 1 })
  for (const handle of ['ana', 'bo']) {
    const one = visitor(community.site)
    people.push(one)
    await one.submit(await one.get('/sign-up'), '/sign-up', { handle, password: 'correct horse battery' })
    await one.submit(await one.get('/compose'), '/posts', { text: `before, by ${handle}` })
  }
})
afterAll(async () => {
  await closeVisitors()
  await community.close()
  await postgres.stop()
})

const NOBODY = '/users/nobody'
const PATHS = ['/', '/@ana', '/@bo', '/users/ana', '/users/bo', '/sign-up', NOBODY]

test('503 while it is down, 200 seconds after it is back, and nothing written is lost', async () => {
  const headers = { host: community.domain, accept: 'text/html' }
  const asking = keepAsking(() =>
    PATHS.flatMap((path) => [1, 2].map((door) => ({ door: community.url(door), path, headers }))),
  )
  const statuses = (since: number, until = Number.POSITIVE_INFINITY) =>
    new Set(asking.seen.filter(({ at }) => at >= since && at < until).map(({ status }) => status))
  const health = async (path: string) => {
    const answers = [1, 2].map((ordinal) =>
      request(`http://127.0.0.1:${community.running(ordinal).internalPort}${path}`),
    )
    return Promise.all(answers.map(async (answer) => (await answer).statusCode))
  }

  const begun = performance.now()
  await until('every page was seen once', () => asking.seen.length > PATHS.length * 4)
  expect(statuses(begun)).not.toContain(503)

  await postgres.kill()
  const killed = performance.now()
  await until('pages are 503', () =>
    ['/', '/@ana', '/@bo'].every((path) =>
      asking.seen.some((one) => one.at > killed && one.path === path && one.status === 503),
    ),
  )
  // Restarting a pod would not bring PostgreSQL back, and taking it from the ingress would take the 503 page away.
  expect(await health('/livez')).toEqual([200, 200])
  expect(await health('/readyz')).toEqual([200, 200])
  expect(await health('/metrics')).toEqual([200, 200])

  await postgres.start()
  const back = performance.now()
  await until('every page is as before', () =>
    PATHS.every((path) => {
      const last = asking.seen.filter((one) => one.path === path && one.at > back).slice(-6)
      return last.length === 6 && last.every(({ status }) => status < 500)
    }),
  )
  const recovered = performance.now()
  await asking.stop()
  expect(recovered - back).toBeLessThan(15_000)

  // Never 404 for somebody who exists, and never 500: remote servers and people would believe it.
  const wrong = asking.seen.filter(
    ({ path, status, retryAfter }) =>
      !(
        status === 200 ||
        status === 302 ||
        (status === 503 && retryAfter) ||
        (status === 404 && path === NOBODY)
      ),
  )
  expect(new Set(wrong.map(({ path, status }) => `${path} ${status}`))).toEqual(new Set())
  const slowest = Math.max(...asking.seen.map(({ took }) => took))
  expect(slowest).toBeLessThan(10_000)

  for (const [index, one] of people.entries()) {
    expect((await one.get('/home')).status).toBe(200)
    const sent = await one.submit(await one.get('/compose'), '/posts', { text: 'after' })
    expect(sent.status).toBe(200)
    const { body } = await one.get(`/@${['ana', 'bo'][index]}`)
    expect(body).toContain('before, by')
    expect(body).toContain('after')
  }
})
