// Doors on a real directory. Behind each is an app that only says where it is and what it got.
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import formbody from '@fastify/formbody'
import Fastify, { type FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { type Dispatcher, request } from 'undici'
import { type Homes, openHomes } from '../../instance/directory/homes.ts'
import { registerDoor } from '../../instance/door/register.ts'
import { makeSiblings } from '../../instance/siblings/client.ts'
import type { InternalKeys } from '../../instance/siblings/keys.ts'
import { startInternal } from '../../instance/siblings/port/server.ts'
import { makeCommunity, runAt } from '../postgres/databases.ts'

export const KEY = 'a key of the whole community'
/** Only instance 2 has this one, as if it ran another version. */
export const ASSET = '/assets/0a1b2c3d.css'
const keys: InternalKeys = { current: () => KEY, accepts: (key) => key === KEY }
const log = pino({ level: 'silent' })

export type Door = {
  readonly homes: Homes
  readonly internalPort: number
  readonly url: string
  close(): Promise<void>
}

export type Answer = {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
  readonly text: string
  /** What the app behind the door saw. */
  readonly json: { readonly at: number; readonly body: unknown; readonly ours: readonly string[] } & Record<
    string,
    unknown
  >
}

export type Doors = {
  door(ordinal: number): Door
  /** Asks at a door, as an ingress would hand it on. `x-test-status` chooses the status of the answer. */
  ask(at: number, path: string, options?: Question): Promise<Answer>
  /** In the directory, as the operator. */
  admin(sql: string): Promise<void>
  refresh(...ordinals: number[]): Promise<void>
  open(ordinal: number): Promise<void>
  shut(ordinal: number): Promise<void>
  close(): Promise<void>
}

export type Question = {
  readonly method?: Dispatcher.HttpMethod
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
  readonly signal?: AbortSignal
}

export const digest = (body: string | Buffer): string => createHash('sha256').update(body).digest('hex')

export async function openDoors(postgresPort: number, count: number): Promise<Doors> {
  const community = await makeCommunity(postgresPort, { homes: count, cap: 10 })
  const doors = new Map<number, Door>()
  const door = (ordinal: number): Door => {
    const found = doors.get(ordinal)
    if (!found) throw new Error(`door ${ordinal} is shut`)
    return found
  }
  const admin = async (sql: string) => {
    await runAt(community.adminUrls.directory, sql)
  }
  const open = async (ordinal: number) => {
    const db = community.homes.get(ordinal)?.db
    if (!db) throw new Error('no such home')
    const homes = openHomes({ directory: community.directory, db, log, random: () => 0.5 })
    await homes.refresh()
    const siblings = makeSiblings({ ordinal, keys, instances: () => homes.instances() })
    const instance = {
      config: { ordinal, domain: 'garden.example', internalPort: 0 },
      db,
      homes,
      siblings,
      log,
    }
    const app = await echoApp(ordinal, (bare) => registerDoor(bare, instance))
    await app.listen({ host: '127.0.0.1', port: 0 })
    const internal = await startInternal(instance, app, { parts: [], host: '127.0.0.1', port: 0 })
    const address = `http://127.0.0.1:${internal.port}`
    await admin(`UPDATE instances SET address = '${address}' WHERE ordinal = ${ordinal}`)
    doors.set(ordinal, {
      homes,
      internalPort: internal.port,
      url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
      close: async () => {
        await Promise.all([app.close(), internal.close()])
        await siblings.close()
      },
    })
  }
  for (let ordinal = 1; ordinal <= count; ordinal++) await open(ordinal)
  const refresh = async (...ordinals: number[]) => {
    const wanted = ordinals.length > 0 ? ordinals : [...doors.keys()]
    for (const ordinal of wanted) await door(ordinal).homes.refresh()
  }
  const shut = async (ordinal: number) => {
    const one = door(ordinal)
    doors.delete(ordinal)
    await one.close()
  }
  return {
    door,
    admin,
    refresh,
    open,
    shut,
    ask: async (at, path, { method = 'GET', headers = {}, body = null as string | null, signal } = {}) => {
      const answer = await request(door(at).url + path, {
        method,
        headers: { 'x-forwarded-for': '192.0.2.9', host: 'garden.example', ...headers },
        body,
        ...(signal && { signal }),
      })
      const text = await answer.body.text()
      const isJson = /json/.test(String(answer.headers['content-type']))
      return {
        status: answer.statusCode,
        headers: answer.headers,
        text,
        json: isJson ? JSON.parse(text) : {},
      }
    },
    close: async () => {
      for (const ordinal of [...doors.keys()]) await shut(ordinal)
      await community.close()
    },
  }
}

async function echoApp(ordinal: number, withDoor: (app: FastifyInstance) => void): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    trustProxy: (_address, hop) => hop === 0,
    bodyLimit: 8 * 1024 * 1024,
    forceCloseConnections: true,
  })
  withDoor(app)
  await app.register(formbody)
  app.addContentTypeParser(/^multipart\//, (_request, _payload, done) => done(null))
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  if (ordinal === 2) app.get(ASSET, (_request, reply) => reply.type('text/css').send('body {}'))
  app.setNotFoundHandler((_request, reply) => reply.code(404).send('nothing'))
  app.all('/*', async (seen, reply) => {
    if (seen.url.startsWith('/assets/')) return reply.callNotFound()
    reply.header('set-cookie', ['a=1', 'b=2']).code(Number(seen.headers['x-test-status'] ?? 200))
    const isUpload = /^multipart/.test(seen.headers['content-type'] ?? '')
    const body = isUpload ? await drain(seen.raw) : seen.body
    return {
      at: ordinal,
      url: seen.url,
      ip: seen.ip,
      host: seen.headers.host,
      ours: Object.keys(seen.headers).filter((name) => name.startsWith('x-hamlet')),
      body: Buffer.isBuffer(body) ? digest(body) : body,
    }
  })
  return app
}

async function drain(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}
