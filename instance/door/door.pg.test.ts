// Doors of three instances on one real directory. Behind each is an app that only says where it is and what it got.
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import formbody from '@fastify/formbody'
import Fastify, { type FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { type Homes, openHomes } from '../directory/homes.ts'
import { makeSiblings } from '../siblings/client.ts'
import type { InternalKeys } from '../siblings/keys.ts'
import { type InternalServer, startInternal } from '../siblings/server.ts'
import { registerDoor } from './register.ts'

type Door = {
  readonly ordinal: number
  readonly app: FastifyInstance
  readonly homes: Homes
  readonly url: string
  readonly internal: InternalServer
  close(): Promise<void>
}

const KEY = 'a key of the whole community'
const keys: InternalKeys = { current: () => KEY, accepts: (key) => key === KEY }
const log = pino({ level: 'silent' })
let community: TestCommunity
let doors: Door[]

async function openDoor(ordinal: number): Promise<Door> {
  const db = community.homes.get(ordinal)?.db
  if (!db) throw new Error('no such home')
  const homes = openHomes({ directory: community.directory, db, log, random: () => 0.5 })
  await homes.refresh()
  const siblings = makeSiblings({ ordinal, keys, instances: () => homes.instances() })
  const instance = { config: { ordinal, internalPort: 0 }, db, homes, siblings, log }
  const app: FastifyInstance = Fastify({
    trustProxy: (_address, hop) => hop === 0,
    bodyLimit: 8 * 1024 * 1024,
  })
  registerDoor(app, instance)
  await app.register(formbody)
  app.addContentTypeParser(/^multipart\//, (_request, _payload, done) => done(null))
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  if (ordinal === 2)
    app.get('/assets/0a1b2c3d.css', (_request, reply) => reply.type('text/css').send('body {}'))
  app.setNotFoundHandler((_request, reply) => reply.code(404).send('nothing'))
  app.all('/*', async (seen, reply) => {
    if (seen.url.startsWith('/assets/')) return reply.callNotFound()
    reply.header('set-cookie', ['a=1', 'b=2']).code(Number(seen.headers['x-test-status'] ?? 200))
    const body = /^multipart/.test(seen.headers['content-type'] ?? '') ? await drain(seen.raw) : seen.body
    return {
      at: ordinal,
      url: seen.url,
      ip: seen.ip,
      host: seen.headers.host,
      ours: Object.keys(seen.headers).filter((name) => name.startsWith('x-hamlet')),
      body: Buffer.isBuffer(body) ? createHash('sha256').update(body).digest('hex') : body,
    }
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const internal = await startInternal(instance, app, { parts: [], host: '127.0.0.1', port: 0 })
  await admin(`UPDATE instances SET address = 'http://127.0.0.1:${internal.port}' WHERE ordinal = ${ordinal}`)
  const { port } = app.server.address() as AddressInfo
  return {
    ordinal,
    app,
    homes,
    url: `http://127.0.0.1:${port}`,
    internal,
    close: async () => {
      await Promise.all([app.close(), internal.close()])
      await siblings.close()
    },
  }
}

async function drain(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** As the operator. */
async function admin(sql: string): Promise<void> {
  const client = new (await import('pg')).default.Client({ connectionString: community.adminUrls.directory })
  await client.connect()
  await client.query(sql)
  await client.end()
}

const door = (ordinal: number): Door => {
  const found = doors.find((one) => one.ordinal === ordinal)
  if (!found) throw new Error('no such door')
  return found
}

type Options = { method?: string; headers?: Record<string, string>; body?: string | Buffer }
async function ask(at: number, path: string, options: Options = {}) {
  const answer = await request(door(at).url + path, {
    method: (options.method ?? 'GET') as 'GET',
    headers: { 'x-forwarded-for': '192.0.2.9', host: 'garden.example', ...options.headers },
    body: options.body ?? null,
  })
  const text = await answer.body.text()
  const json = /json/.test(String(answer.headers['content-type'])) ? JSON.parse(text) : undefined
  return { status: answer.statusCode, headers: answer.headers, text, json }
}

beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 3, cap: 10 })
  await admin(`INSERT INTO members (id, handle, home, state, seated) VALUES
    (11, 'ana', 1, 'active', true), (22, 'bo', 2, 'active', true), (33, 'cy', 3, 'active', true),
    (44, 'gone', 2, 'deleted', false)`)
  doors = [await openDoor(1), await openDoor(2), await openDoor(3)]
  for (const { homes } of doors) await homes.refresh()
})
afterAll(async () => {
  await Promise.all(doors.map((one) => one.close()))
  await community.close()
})

describe('whichever door a request comes to', () => {
  test.each([
    ['/users/ana', 1],
    ['/@bo?max_id=3', 2],
    ['/media/33/abc', 3],
    ['/users/Cy/outbox', 3],
  ])('%s is answered by home %i, with the same bytes', async (path, home) => {
    const answers = await Promise.all([1, 2, 3].map((at) => ask(at, path)))
    for (const answer of answers) {
      expect(answer.status).toBe(200)
      expect(answer.json).toMatchObject({
        at: home,
        url: path,
        ip: '192.0.2.9',
        host: 'garden.example',
        ours: [],
      })
      expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
      expect(answer.text).toBe(answers[0]?.text)
    }
  })

  test('a session and a token lead home; the community is everywhere', async () => {
    for (const at of [1, 2, 3]) {
      expect((await ask(at, '/home', { headers: { cookie: 'hamlet_session=22.x' } })).json.at).toBe(2)
      expect((await ask(at, '/api', { headers: { authorization: 'Bearer 33.x' } })).json.at).toBe(3)
      expect((await ask(at, '/inbox', { method: 'POST', body: 'x' })).json.at).toBe(at)
      expect((await ask(at, '/users/bo/inbox', { method: 'POST', body: 'x' })).json.at).toBe(at)
      expect((await ask(at, '/users/gone')).json.at).toBe(at)
      expect((await ask(at, '/users/never')).json.at).toBe(at)
    }
  })

  test('the log-in form finds the home of whom it names, and arrives there whole', async () => {
    for (const [typed, home] of [
      ['ana', 1],
      ['@Bo', 2],
      ['cy@garden.example', 3],
    ] as const) {
      for (const at of [1, 2, 3]) {
        const body = new URLSearchParams({ handle: typed, password: 'ä & b' }).toString()
        const answer = await ask(at, '/log-in', {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        })
        expect(answer.json).toMatchObject({ at: home, body: { handle: typed, password: 'ä & b' } })
      }
    }
    const long = await ask(1, '/log-in', { method: 'POST', body: 'x'.repeat(20_000) })
    expect(long.status).toBe(413)
  })

  test('bodies arrive whole, small ones and streams', async () => {
    for (const size of [0, 1, 1024 * 1024, 5 * 1024 * 1024]) {
      for (const type of ['application/octet-stream', 'multipart/form-data; boundary=x']) {
        const body = Buffer.alloc(size, 'hamlet')
        const answer = await ask(1, '/users/bo/pictures', {
          method: 'POST',
          body,
          headers: { 'content-type': type, 'content-length': String(size) },
        })
        expect(answer.status).toBe(200)
        expect(answer.json.at).toBe(2)
        if (size > 0) expect(answer.json.body).toBe(createHash('sha256').update(body).digest('hex'))
      }
    }
  })

  test('somebody who joined a moment ago is found, though no memory holds them yet', async () => {
    await admin("INSERT INTO members (id, handle, home, state) VALUES (55, 'new', 3, 'active')")
    expect((await ask(1, '/@new')).json.at).toBe(3)
    expect((await ask(2, '/home', { headers: { cookie: 'hamlet_session=55.x' } })).json.at).toBe(3)
  })
})

test('nobody outside can say that a request was forwarded, or get a 421', async () => {
  const forged = { 'x-hamlet-forwarded': 'handle=bo', 'x-hamlet-key': 'guess', 'x-hamlet-ordinal': '2' }
  expect((await ask(1, '/users/bo', { headers: forged })).json).toMatchObject({ at: 2, ours: [] })
  const internal = await request(`http://127.0.0.1:${door(1).internal.port}/users/ana`, { headers: forged })
  await internal.body.dump()
  expect(internal.statusCode).toBe(403)
})

describe('a member who has moved', () => {
  const wrote = {
    method: 'POST',
    body: 'post=hello',
    headers: { 'content-type': 'application/octet-stream' },
  }
  const hello = createHash('sha256').update('post=hello').digest('hex')

  // Nobody is told, as the revision stays: only the new and the old home know, the asker's memory is old.
  const move = async (id: number, from: number, to: number) => {
    await admin(`INSERT INTO members (id, handle, home, state) VALUES (${id}, 'mo${id}', ${from}, 'active')`)
    for (const { homes } of doors) await homes.refresh()
    await admin(`UPDATE members SET home = ${to}, epoch = 2 WHERE id = ${id}`)
    for (const ordinal of [from, to]) if (ordinal !== 1) await door(ordinal).homes.refresh()
    return `/users/mo${id}/x`
  }

  test('to another home is served there, body and all', async () => {
    expect((await ask(1, await move(61, 2, 3), wrote)).json).toMatchObject({ at: 3, body: hello })
  })

  test('to the very door that asks is served there, after the old home said no', async () => {
    expect((await ask(1, await move(62, 2, 1), wrote)).json).toMatchObject({ at: 1, body: hello })
  })

  test('is found with a body that can be sent only once', async () => {
    const big = Buffer.alloc(2 * 1024 * 1024, 'x')
    const sent = { ...wrote, body: big }
    const body = createHash('sha256').update(big).digest('hex')
    expect((await ask(1, await move(63, 2, 3), sent)).json).toMatchObject({ at: 3, body })
    expect((await ask(1, await move(64, 2, 1), sent)).json).toMatchObject({ at: 1, body })
  })

  test('and whose new home has read nothing yet is served there all the same', async () => {
    const path = await move(65, 2, 3)
    await admin('UPDATE members SET home = 1 WHERE id = 65')
    await door(3).homes.refresh()
    await admin('UPDATE members SET home = 3 WHERE id = 65')
    expect((await ask(1, path, wrote)).json).toMatchObject({ at: 3, body: hello })
  })

  test('and is noticed gone only by the old home itself: siblings are told 421, clients 503', async () => {
    await admin("INSERT INTO members (id, handle, home, state) VALUES (67, 'late', 2, 'active')")
    for (const { homes } of doors) await homes.refresh()
    const gone = { ...wrote, headers: { ...wrote.headers, 'x-test-status': '421' } }
    const direct = await ask(2, '/users/late', gone)
    expect([direct.status, direct.headers['retry-after']]).toEqual([503, '1'])
    expect((await ask(1, '/users/late', gone)).status).toBe(503)
  })
})

test('a script of another version is fetched from the sibling that has it', async () => {
  const answer = await ask(1, '/assets/0a1b2c3d.css')
  expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([200, 'text/css', 'body {}'])
  expect((await ask(1, '/assets/ffffffff.css')).status).toBe(404)
})

test('health and figures; the rest of the internal port needs the key', async () => {
  const base = `http://127.0.0.1:${door(1).internal.port}`
  const get = async (path: string, headers = {}) => {
    const answer = await request(base + path, { headers })
    return { status: answer.statusCode, text: await answer.body.text() }
  }
  expect((await get('/livez')).status).toBe(200)
  expect((await get('/readyz')).status).toBe(200)
  const figures = (await get('/metrics')).text
  expect(figures).toContain('hamlet_database_up 1')
  expect(figures).toContain('hamlet_cap 10')
  expect(figures).toMatch(/hamlet_door_requests_total\{to="home"\} \d+/)
  expect(figures).not.toMatch(/ana|bo\b/)
  expect((await get('/internal/home?handle=ana')).status).toBe(403)
  expect((await get('/internal/home?handle=ana', { 'x-hamlet-key': KEY })).status).toBe(204)
  expect((await get('/internal/home?handle=bo', { 'x-hamlet-key': KEY })).status).toBe(421)
})

describe('a home that is down', () => {
  beforeAll(async () => {
    await door(3).close()
    doors = doors.filter(({ ordinal }) => ordinal !== 3)
  })

  test('costs its own members a 503 and nobody else anything', async () => {
    for (const at of [1, 2]) {
      const page = await ask(at, '/@cy')
      expect([page.status, page.headers['retry-after']]).toEqual([503, '5'])
      expect((await ask(at, '/users/cy/x', { method: 'POST', body: 'x' })).status).toBe(503)
      const big = { method: 'POST', body: Buffer.alloc(2 * 1024 * 1024) }
      expect((await ask(at, '/users/cy/x', big)).status).toBe(503)
      expect((await ask(at, '/users/ana')).json.at).toBe(1)
      expect((await ask(at, '/users/bo')).json.at).toBe(2)
    }
  })

  test('serves again as soon as it is back, at a new address', async () => {
    doors.push(await openDoor(3))
    expect((await ask(1, '/@cy')).json.at).toBe(3)
  })
})
