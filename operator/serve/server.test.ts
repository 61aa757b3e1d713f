import { Registry } from 'prom-client'
import { afterEach, expect, test } from 'vitest'
import { createKubeMetrics } from '../kube/metrics.ts'
import { fakeClock } from '../kube/testing/fake-clock.ts'
import { createHealth, notOlderThan } from './health.ts'
import { createLogger } from './logger.ts'
import { type Served, type ServeOptions, serve } from './server.ts'

const running: Served[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((served) => served.close()))
})

async function start(options: Partial<ServeOptions> = {}) {
  const clock = fakeClock()
  const health = createHealth()
  const registry = new Registry()
  const metrics = createKubeMetrics(registry)
  const woken: string[] = []
  const served = await serve(
    {
      port: 0,
      host: '127.0.0.1',
      wake: (key) => {
        woken.push(key)
        return !key.endsWith('/unknown')
      },
      ...options,
    },
    { health, registry, clock, log: createLogger('silent') },
  )
  running.push(served)
  const base = `http://127.0.0.1:${served.port}`
  const wake = (path: string) => fetch(`${base}/wake/${path}`, { method: 'POST', body: 'anything' })
  return { base, clock, health, metrics, woken, wake }
}

test('livez tells what hangs', async () => {
  const { base, health } = await start()
  let age = 5000
  health.live(
    'communities',
    notOlderThan(600_000, () => age),
  )
  expect((await fetch(`${base}/livez`)).status).toBe(200)
  age = 700_000
  const reply = await fetch(`${base}/livez`)
  expect(reply.status).toBe(503)
  expect(await reply.text()).toBe('FAILED communities: 700 s, more than 600 s\n')
  expect((await fetch(`${base}/readyz`)).status).toBe(200)
})

test('metrics have client-go names', async () => {
  const { base, metrics } = await start()
  metrics.requests.inc({ code: 200, method: 'PATCH', verb: 'apply', resource: 'services' })
  const text = await (await fetch(`${base}/metrics`)).text()
  expect(text).toContain(
    'rest_client_requests_total{code="200",method="PATCH",verb="apply",resource="services"} 1',
  )
  expect(text).toContain('workqueue_depth')
})

test('a wake enqueues its community, and only so often', async () => {
  const { clock, woken, wake } = await start()
  expect((await wake('default/garden')).status).toBe(202)
  expect((await wake('default/unknown')).status).toBe(404)
  expect(woken).toEqual(['default/garden', 'default/unknown'])
  const burst = await Promise.all(Array.from({ length: 10 }, () => wake('default/garden')))
  const refused = burst.filter(({ status }) => status === 429)
  expect(refused).toHaveLength(6)
  expect(refused[0]?.headers.get('retry-after')).toBe('1')
  // Another community does not suffer for it.
  expect((await wake('default/other')).status).toBe(202)
  await clock.pass(1000)
  expect((await wake('default/garden')).status).toBe(202)
})

test.each(['default', 'default/Garden', 'default/garden/x', 'a%2Fb/c', ''])(
  '/wake/%s is refused',
  async (path) => {
    const { woken, wake } = await start()
    expect((await wake(path)).status).toBe(404)
    expect(woken).toEqual([])
  },
)

test('only POST wakes', async () => {
  const { base, woken } = await start()
  expect((await fetch(`${base}/wake/default/garden`)).status).toBe(405)
  expect((await fetch(`${base}/livez`, { method: 'DELETE' })).status).toBe(405)
  expect(woken).toEqual([])
})

test('a wake at a replica that does not lead is passed on to the leader, once', async () => {
  const leader = await start()
  const other = await start({ leader: () => leader.base })
  expect((await other.wake('default/garden')).status).toBe(202)
  expect(leader.woken).toEqual(['default/garden'])
  expect(other.woken).toEqual([])
  const lost = await start({ leader: () => 'http://127.0.0.1:1' })
  expect((await lost.wake('default/garden')).status).toBe(503)
})
