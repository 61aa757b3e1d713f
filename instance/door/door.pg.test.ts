// Doors of three instances on one real directory.
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { ASSET, type Doors, digest, KEY, openDoors } from '../../test/world/doors.ts'

let doors: Doors
beforeAll(async () => {
  doors = await openDoors(inject('postgresPort'), 3)
  await doors.admin(`INSERT INTO members (id, handle, home, state, seated) VALUES
    (11, 'ana', 1, 'active', true), (22, 'bo', 2, 'active', true), (33, 'cy', 3, 'active', true),
    (44, 'gone', 2, 'deleted', false)`)
  await doors.refresh()
})
afterAll(() => doors.close())

describe('whichever door a request comes to', () => {
  test.each([
    ['/users/ana', 1],
    ['/@bo?max_id=3', 2],
    ['/media/33/abc', 3],
    ['/users/Cy/outbox', 3],
  ])('%s is answered by home %i, with the same bytes', async (path, home) => {
    const answers = await Promise.all([1, 2, 3].map((at) => doors.ask(at, path)))
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
      expect((await doors.ask(at, '/home', { headers: { cookie: 'hamlet_session=22.x' } })).json.at).toBe(2)
      expect((await doors.ask(at, '/api', { headers: { authorization: 'Bearer 33.x' } })).json.at).toBe(3)
      expect((await doors.ask(at, '/inbox', { method: 'POST', body: 'x' })).json.at).toBe(at)
      expect((await doors.ask(at, '/users/bo/inbox', { method: 'POST', body: 'x' })).json.at).toBe(at)
      expect((await doors.ask(at, '/users/gone')).json.at).toBe(at)
      expect((await doors.ask(at, '/users/never')).json.at).toBe(at)
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
        const answer = await doors.ask(at, '/log-in', {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        })
        expect(answer.json).toMatchObject({ at: home, body: { handle: typed, password: 'ä & b' } })
      }
    }
    const long = await doors.ask(1, '/log-in', { method: 'POST', body: 'x'.repeat(20_000) })
    expect(long.status).toBe(413)
  })

  test('bodies arrive whole, small ones and streams', async () => {
    for (const size of [0, 1, 1024 * 1024, 5 * 1024 * 1024]) {
      for (const type of ['application/octet-stream', 'multipart/form-data; boundary=x']) {
        const body = Buffer.alloc(size, 'hamlet')
        const answer = await doors.ask(1, '/users/bo/pictures', {
          method: 'POST',
          body,
          headers: { 'content-type': type, 'content-length': String(size) },
        })
        expect(answer.status).toBe(200)
        expect(answer.json.at).toBe(2)
        if (size > 0) expect(answer.json.body).toBe(digest(body))
      }
    }
  })

  test('somebody who joined a moment ago is found, though no memory holds them yet', async () => {
    await doors.admin("INSERT INTO members (id, handle, home, state) VALUES (55, 'new', 3, 'active')")
    expect((await doors.ask(1, '/@new')).json.at).toBe(3)
    expect((await doors.ask(2, '/home', { headers: { cookie: 'hamlet_session=55.x' } })).json.at).toBe(3)
  })
})

test('nobody outside can say that a request was forwarded, or get a 421', async () => {
  const forged = { 'x-hamlet-forwarded': 'handle=bo', 'x-hamlet-key': 'guess', 'x-hamlet-ordinal': '2' }
  expect((await doors.ask(1, '/users/bo', { headers: forged })).json).toMatchObject({ at: 2, ours: [] })
  const internal = await request(`http://127.0.0.1:${doors.door(1).internalPort}/users/ana`, {
    headers: forged,
  })
  await internal.body.dump()
  expect(internal.statusCode).toBe(403)
})

test('a script of another version is fetched from the sibling that has it', async () => {
  const answer = await doors.ask(1, ASSET)
  expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([200, 'text/css', 'body {}'])
  expect((await doors.ask(1, '/assets/ffffffff.css')).status).toBe(404)
})

test('health and figures; the rest of the internal port needs the key', async () => {
  const base = `http://127.0.0.1:${doors.door(1).internalPort}`
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
    await doors.shut(3)
  })

  test('costs its own members a 503 and nobody else anything', async () => {
    for (const at of [1, 2]) {
      const page = await doors.ask(at, '/@cy')
      expect([page.status, page.headers['retry-after']]).toEqual([503, '5'])
      expect((await doors.ask(at, '/users/cy/x', { method: 'POST', body: 'x' })).status).toBe(503)
      const big = { method: 'POST', body: Buffer.alloc(2 * 1024 * 1024) }
      expect((await doors.ask(at, '/users/cy/x', big)).status).toBe(503)
      expect((await doors.ask(at, '/users/ana')).json.at).toBe(1)
      expect((await doors.ask(at, '/users/bo')).json.at).toBe(2)
    }
  })

  test('serves again as soon as it is back, at a new address', async () => {
    await doors.open(3)
    expect((await doors.ask(1, '/@cy')).json.at).toBe(3)
  })
})

test('a home that takes connections and never answers costs nobody else anything', async () => {
  const mute = createServer((socket) => socket.resume().on('error', () => undefined))
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  const address = mute.address()
  const port = typeof address === 'object' && address ? address.port : 0
  await doors.admin(`UPDATE instances SET address = 'http://127.0.0.1:${port}' WHERE ordinal = 3`)
  await doors.refresh()
  const leaving = new AbortController()
  const stuck = Array.from({ length: 300 }, () =>
    doors.ask(1, '/@cy', { signal: leaving.signal }).then(
      ({ status }) => status,
      () => 'gave up',
    ),
  )
  // More than can wait at once are told so at once.
  expect(await Promise.race(stuck)).toBe(503)
  expect((await doors.ask(1, '/@ana')).json.at).toBe(1)
  expect((await doors.ask(1, '/@bo')).json.at).toBe(2)
  leaving.abort()
  const ends = await Promise.all(stuck)
  expect(ends.filter((end) => end === 503)).toHaveLength(300 - 256)
  await new Promise((resolve) => mute.close(resolve))
})

test.each([
  ['a proxy', 404, {}, true],
  ['another community’s instance', 403, {}, true],
  ['another instance of ours', 404, { 'x-hamlet-ordinal': '2' }, true],
  ['somebody with a long answer', 200, {}, false],
])(
  '%s that answers at the address of a home says nothing about its members',
  async (_who, status, headers, ends) => {
    const stranger = createHttpServer((_request, response) => {
      response.writeHead(status, headers)
      if (ends) response.end()
      else response.write('and so on')
    })
    stranger.listen(0, '127.0.0.1')
    await once(stranger, 'listening')
    const { port } = stranger.address() as AddressInfo
    await doors.admin(`UPDATE instances SET address = 'http://127.0.0.1:${port}' WHERE ordinal = 3`)
    await doors.refresh()
    for (const method of ['GET', 'POST'] as const) {
      const answer = await doors.ask(1, '/users/cy', { method, ...(method === 'POST' && { body: 'x' }) })
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5'])
    }
    expect((await doors.ask(2, '/@bo')).json.at).toBe(2)
    stranger.closeAllConnections()
    await new Promise((resolve) => stranger.close(resolve))
  },
)
