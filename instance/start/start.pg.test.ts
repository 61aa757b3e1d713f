import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { type PostgresServer, startPostgres } from '../../test/postgres/server/server.ts'
import { readConfig } from '../config.ts'
import { type Running, startInstance } from './start.ts'

let postgres: PostgresServer
let community: TestCommunity
let folder: string
let running: Running | undefined
beforeAll(async () => {
  postgres = await startPostgres()
  community = await makeCommunity(postgres.port, { homes: 2, cap: 3, domain: 'garden.example' })
  folder = await mkdtemp(join(tmpdir(), 'hamlet-start-'))
  await writeFile(join(folder, 'database-url'), community.homes.get(1)?.url ?? '')
  await writeFile(join(folder, 'directory-url'), community.directoryUrl)
  await writeFile(join(folder, 'internal-key'), randomBytes(16).toString('hex'))
})
afterAll(async () => {
  await running?.stop({ noticeMs: 0, finishMs: 5_000 })
  await community.close()
  await postgres.stop()
  await rm(folder, { recursive: true })
})

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

const configured = async (change: Record<string, string> = {}) =>
  readConfig({
    HAMLET_DOMAIN: 'garden.example',
    HAMLET_ORDINAL: '1',
    HAMLET_SECRETS: folder,
    HAMLET_PUBLIC_PORT: String(await freePort()),
    HAMLET_INTERNAL_PORT: String(await freePort()),
    ...change,
  })
const start = (config: Awaited<ReturnType<typeof configured>>) =>
  startInstance(config, {
    log: pino({ level: 'silent' }),
    clock: () => new Date(),
    random: Math.random,
    signal: new AbortController().signal,
    host: '127.0.0.1',
  })

function ask(port: number, path: string, form?: Record<string, string>, cookie = ''): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { accept: 'text/html', cookie, ...(form && { origin: 'https://garden.example' }) },
    redirect: 'manual',
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  })
}

test('another instance’s database is refused, with both names', async () => {
  await expect(start(await configured({ HAMLET_ORDINAL: '2' }))).rejects.toThrow(
    'database-url names the database of instance 1 of garden.example, not that of instance 2 of garden.example',
  )
})

test('waits for a PostgreSQL that is down, serves, outlives its loss, and is back when it is back', async () => {
  await postgres.kill()
  const config = await configured()
  const starting = start(config)
  const answer = async (port: number, path: string) => (await ask(port, path)).status
  await vi.waitFor(async () => expect(await answer(config.internalPort, '/livez')).toBe(200), {
    timeout: 10_000,
  })
  expect(await answer(config.internalPort, '/readyz')).toBe(503)
  expect(await answer(config.publicPort, '/')).toBe(503)
  await postgres.start()
  running = await starting
  const { port, internalPort } = running
  expect(await answer(internalPort, '/readyz')).toBe(200)

  const joined = await ask(port, '/sign-up', { handle: 'Ana', password: 'correct horse battery' })
  expect([joined.status, joined.headers.get('location')]).toEqual([303, '/home'])
  const set = joined.headers.get('set-cookie') ?? ''
  expect(set).toMatch(/^hamlet_session=\d+\.[\w-]{43}; .*HttpOnly; Secure; SameSite=Lax$/)
  const cookie = set.split(';')[0] ?? ''
  expect((await ask(port, '/home', undefined, cookie)).status).toBe(200)
  const wrong = await ask(port, '/log-in', { handle: 'ana', password: 'wrong horse battery' })
  expect(wrong.status).toBe(401)

  await postgres.kill()
  const lost = await ask(port, '/home', undefined, cookie)
  expect([lost.status, lost.headers.get('retry-after')]).toEqual([503, '5'])
  expect(await lost.text()).toContain('<html')
  expect(await answer(internalPort, '/livez')).toBe(200)
  expect(await answer(internalPort, '/readyz')).toBe(200)
  await postgres.start()
  await vi.waitFor(async () => expect((await ask(port, '/home', undefined, cookie)).status).toBe(200), {
    timeout: 10_000,
  })
  const again = await ask(port, '/log-in', { handle: '@Ana', password: 'correct horse battery' })
  expect(again.status).toBe(303)
  const elsewhere = await fetch(`http://127.0.0.1:${port}/log-in`, {
    method: 'POST',
    headers: { origin: 'https://evil.example' },
    body: new URLSearchParams({ handle: 'ana', password: 'correct horse battery' }),
  })
  expect(elsewhere.status).toBe(403)
})
