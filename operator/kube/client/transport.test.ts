import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../clock.ts'
import { isNetwork, isNotFound, KubeError } from '../error.ts'
import { resources } from '../resources.ts'
import { type Answerer, configMap, fakeApiServer, json, listOf, status } from '../testing/api-server.ts'
import { testDeps } from '../testing/deps.ts'
import { createKube } from './rest.ts'
import { createTransport } from './transport.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function start(answer: Answerer) {
  const server = await fakeApiServer(answer)
  const deps = { ...testDeps(), clock: systemClock }
  const kube = createKube(createTransport(server.connection, deps))
  closing.push(server.close, kube.close)
  return { server, kube, ...deps }
}

const garden = { namespace: 'default', name: 'garden' }

test('requests one after the other share connections', async () => {
  const { server, kube } = await start((_, response) => json(response, 200, configMap('garden', '1')))
  for (let i = 0; i < 20; i++) await kube.get(resources.configMap, garden)
  expect(server.connections()).toBeLessThan(3)
  expect(server.requests[0]?.url.pathname).toBe('/api/v1/namespaces/default/configmaps/garden')
})

test('a server that is too busy is asked again when it said', async () => {
  let asked = 0
  const { kube, metrics } = await start((_, response) => {
    asked++
    if (asked < 3) json(response, 429, status(429, 'TooManyRequests'), { 'retry-after': '0' })
    else json(response, 201, configMap('garden', '1'))
  })
  expect((await kube.create(configMap('garden', ''))).metadata.resourceVersion).toBe('1')
  expect(asked).toBe(3)
  const { values } = await metrics.requests.get()
  expect(values.map(({ labels, value }) => [labels.code, labels.verb, value])).toEqual([
    [429, 'create', 2],
    [201, 'create', 1],
  ])
})

test('patience ends', async () => {
  const { kube, server } = await start((_, response) =>
    json(response, 429, status(429, 'TooManyRequests'), { 'retry-after': '0' }),
  )
  await expect(kube.get(resources.configMap, garden)).rejects.toMatchObject({
    failure: { code: 429, retryAfter: 0 },
  })
  expect(server.requests).toHaveLength(6)
})

test('a refused token is read again, once', async () => {
  const { kube, server } = await start((request, response) =>
    request.headers.authorization === 'Bearer token-2'
      ? json(response, 200, configMap('garden', '1'))
      : json(response, 401, status(401, 'Unauthorized')),
  )
  await kube.get(resources.configMap, garden)
  expect(server.requests.map(({ authorization }) => authorization)).toEqual([
    'Bearer token-1',
    'Bearer token-2',
  ])
})

test('what is missing is undefined, false or an error that says so', async () => {
  const { kube } = await start((_, response) => json(response, 404, status(404, 'NotFound')))
  expect(await kube.get(resources.configMap, garden)).toBeUndefined()
  expect(await kube.delete(resources.configMap, garden)).toBe(false)
  const failure = await kube.patch(resources.configMap, garden, {}).catch((error: unknown) => error)
  expect(isNotFound(failure)).toBe(true)
})

test('a write whose answer is lost is not repeated: nobody knows whether it happened', async () => {
  const { kube, server } = await start((request) => request.socket.destroy())
  const failure = await kube.create(configMap('garden', '')).catch((error: unknown) => error)
  expect(isNetwork(failure)).toBe(true)
  expect(server.requests).toHaveLength(1)
})

test('reading is repeated once', async () => {
  let asked = 0
  const { kube } = await start((request, response) => {
    if (++asked === 1) request.socket.destroy()
    else json(response, 200, configMap('garden', '1'))
  })
  expect((await kube.get(resources.configMap, garden))?.metadata.name).toBe('garden')
})

test('all pages are read, and read anew when the second is gone', async () => {
  let gone = true
  const { kube, server } = await start((_, response, url) => {
    if (!url.searchParams.has('continue')) json(response, 200, listOf('10', [configMap('a', '1')], 'page-2'))
    else if (gone) {
      gone = false
      json(response, 410, status(410, 'Expired'))
    } else json(response, 200, listOf('10', [{ metadata: { name: 'b', namespace: 'default' } }]))
  })
  const items = await kube.list(resources.configMap, { namespace: 'default', labelSelector: 'a=b' })
  expect(items.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
    ['ConfigMap', 'a'],
    ['ConfigMap', 'b'],
  ])
  expect(server.requests).toHaveLength(4)
  expect(server.requests.every(({ url }) => url.searchParams.get('labelSelector') === 'a=b')).toBe(true)
})

test('an answer of something in between is told as it is', async () => {
  const { kube } = await start((_, response) => {
    response.writeHead(502)
    response.end('<h1>Bad gateway</h1>')
  })
  const failure = await kube.get(resources.configMap, garden).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(KubeError)
  expect(String(failure)).toContain('get /api/v1/namespaces/default/configmaps/garden: <h1>Bad gateway</h1>')
})
