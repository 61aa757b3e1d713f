// A server of the fediverse that is not ours, as small as can be: it serves documents and takes whatever is posted.
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Internet } from './internet.ts'

export type Json = Readonly<Record<string, unknown>>
export type Served = { readonly status?: number; readonly type?: string; readonly body: unknown }

export type Stranger = {
  readonly domain: string
  readonly origin: string
  readonly internet: Internet
  /** What it serves, by path with the query. Whatever is not here is 404. */
  readonly pages: Map<string, Served>
  /** What was posted to it, oldest first. */
  readonly received: readonly { readonly path: string; readonly body: Json }[]
  /** Answers to posts; 202 while empty. */
  readonly answers: number[]
  /** Serves an actor with a key of its own, and what WebFinger says about it. */
  actor(handle: string): Person
  /** Takes no connections. */
  down(): void
  up(): void
  close(): Promise<void>
}

export type Person = {
  readonly uri: string
  readonly keyId: string
  readonly privateKey: KeyObject
  readonly publicKeyPem: string
  /** An activity of theirs, with an id of its own. */
  activity(type: string, object: unknown, more?: Json): Json & { readonly id: string }
  /** A public note of theirs, which nobody serves. */
  note(more?: Json): Json & { readonly id: string }
}

export const ACTIVITY = 'application/activity+json'
export const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public'
const CONTEXT = ['https://www.w3.org/ns/activitystreams', 'https://w3id.org/security/v1']

export async function openStranger(internet: Internet, domain: string): Promise<Stranger> {
  const pages = new Map<string, Served>()
  const received: { path: string; body: Json }[] = []
  const answers: number[] = []
  const server = createServer(await internet.certificate(domain), (request, response) => {
    const path = decodeURIComponent(request.url ?? '/')
    if (request.method === 'POST') {
      const chunks: Buffer[] = []
      request.on('data', (chunk) => chunks.push(chunk))
      request.on('end', () => {
        received.push({ path, body: JSON.parse(Buffer.concat(chunks).toString()) })
        response.writeHead(answers.shift() ?? 202).end()
      })
      return
    }
    const page = pages.get(path)
    response.writeHead(page ? (page.status ?? 200) : 404, { 'content-type': page?.type ?? ACTIVITY })
    response.end(page ? JSON.stringify(page.body) : '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const up = () => {
    internet.hosts.set(domain, `127.0.0.1:${port}`)
  }
  up()
  const origin = `https://${domain}`
  return {
    domain,
    origin,
    internet,
    pages,
    received,
    answers,
    up,
    down: () => {
      server.closeAllConnections()
      internet.hosts.set(domain, '127.0.0.1:1')
    },
    actor: (handle) => {
      const person = makePerson(`${origin}/users/${handle}`)
      pages.set(`/users/${handle}`, { body: actorDocument(person, origin, handle) })
      pages.set(`/.well-known/webfinger?resource=acct:${handle}@${domain}`, {
        type: 'application/jrd+json',
        body: {
          subject: `acct:${handle}@${domain}`,
          links: [{ rel: 'self', type: ACTIVITY, href: person.uri }],
        },
      })
      return person
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function makePerson(uri: string): Person {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  let count = 0
  return {
    uri,
    keyId: `${uri}#main-key`,
    privateKey,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    activity: (type, object, more = {}) => ({
      '@context': CONTEXT,
      id: `${uri}/activities/${++count}`,
      type,
      actor: uri,
      object,
      ...more,
    }),
    note: (more = {}) => ({
      id: `${uri}/notes/${++count}`,
      type: 'Note',
      attributedTo: uri,
      content: 'Hello',
      published: new Date().toISOString(),
      to: [PUBLIC],
      ...more,
    }),
  }
}

function actorDocument({ uri, keyId, publicKeyPem }: Person, origin: string, handle: string): Json {
  return {
    '@context': CONTEXT,
    id: uri,
    type: 'Person',
    preferredUsername: handle,
    name: handle,
    inbox: `${uri}/inbox`,
    outbox: `${uri}/outbox`,
    followers: `${uri}/followers`,
    endpoints: { sharedInbox: `${origin}/inbox` },
    publicKey: { id: keyId, owner: uri, publicKeyPem },
  }
}
