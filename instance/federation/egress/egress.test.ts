import https from 'node:https'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openInternet } from '../../../test/world/internet.ts'
import { createEgress, type Egress } from './egress.ts'

let server: https.Server
let port = 0
let egress: Egress
const asked: string[] = []
const ANSWERS: Record<string, { status?: number; headers?: Record<string, string>; body?: Buffer | string }> =
  {
    '/plain': { body: 'hello' },
    '/hop/1': { status: 302, headers: { location: '/hop/2' } },
    '/hop/2': { status: 307, headers: { location: 'https://safe.example/plain' } },
    '/loop': { status: 302, headers: { location: '/loop' } },
    '/to-private': { status: 302, headers: { location: 'https://10.0.0.1/secret' } },
    '/to-http': { status: 302, headers: { location: 'http://safe.example/plain' } },
    '/to-metadata': { status: 302, headers: { location: 'https://metadata.example/' } },
    '/big': { body: Buffer.alloc(2_000_000) },
    '/bomb': { headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(50_000_000)) },
    '/slow': {},
  }
beforeAll(async () => {
  const { certificate } = await openInternet()
  server = https.createServer(await certificate('safe.example'), (request, response) => {
    const path = request.url ?? ''
    asked.push(`${request.method} ${path}`)
    if (path === '/slow') return
    const answer = ANSWERS[path] ?? { status: 404 }
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  port = typeof address === 'object' && address ? address.port : 0
  egress = createEgress({
    allow: ['127.0.0.1'],
    hosts: new Map([
      ['safe.example', `127.0.0.1:${port}`],
      ['inner.example', '10.0.0.1'],
    ]),
    userAgent: 'test',
    timeoutMs: 2_000,
    resolve: async (host) =>
      host === 'metadata.example' ? ['169.254.169.254'] : ['::ffff:192.168.0.1', '10.1.2.3'],
  })
})
afterAll(async () => {
  await egress.close()
  server.closeAllConnections()
  server.close()
})

const get = (url: string) => egress.request(url)

test('what is allowed is answered, over redirects that are followed one by one', async () => {
  const answer = await get('https://safe.example/hop/1')
  expect([answer.status, answer.body.toString(), answer.url]).toEqual([
    200,
    'hello',
    'https://safe.example/plain',
  ])
})

test.each([
  'http://safe.example/plain',
  'https://user:secret@safe.example/plain',
  'https://127.0.0.2/',
  'https://[::1]/',
  'https://[::ffff:10.0.0.1]/',
  'https://0x7f.1.1.1/',
  'https://2130706434/',
  'https://rebound.example/',
  'https://inner.example/',
  'https://metadata.example/',
  'https://safe.example/to-private',
  'https://safe.example/to-http',
  'https://safe.example/to-metadata',
  'https://safe.example/loop',
  'https://safe.example/big',
  'https://safe.example/bomb',
])('%s is refused', async (url) => {
  await expect(get(url)).rejects.toMatchObject({ name: 'EgressRefused' })
})

test('an answer that does not come is given up', async () => {
  await expect(get('https://safe.example/slow')).rejects.toThrow(/fetch failed|timeout/i)
})

test('a POST is never sent on to where a redirect points', async () => {
  asked.length = 0
  const answer = await egress.request('https://safe.example/hop/1', {
    method: 'POST',
    body: Buffer.from('{}'),
  })
  expect(answer.status).toBe(302)
  expect(asked).toEqual(['POST /hop/1'])
})

test('the global fetch cannot go round it', async () => {
  const { getGlobalDispatcher, setGlobalDispatcher } = await import('undici')
  const before = getGlobalDispatcher()
  const { guardGlobalFetch } = await import('./egress.ts')
  guardGlobalFetch(egress)
  try {
    await expect(fetch('https://10.0.0.1/')).rejects.toMatchObject({ cause: { name: 'EgressRefused' } })
    await expect(fetch(`http://127.0.0.1:${port}/plain`)).rejects.toMatchObject({
      cause: { name: 'EgressRefused' },
    })
  } finally {
    setGlobalDispatcher(before)
  }
})
