// A server of the fediverse that is not ours and shares no code with us: one actor, who signs as most servers do.
import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestAuthority } from './front.ts'

type Json = Readonly<Record<string, unknown>>

export type Stranger = {
  readonly domain: string
  readonly port: number
  /** The id of the actor. */
  readonly actor: string
  /** Activities that were delivered here, oldest first. */
  readonly received: readonly Json[]
  /** An activity of the actor, with an id of its own. */
  activity(type: string, object: unknown, more?: Json): Json & { readonly id: string }
  /** A public note of the actor's. */
  note(content: string, more?: Json): Json & { readonly id: string }
  /** Signs and posts it to an inbox of a site; returns the status. */
  deliver(site: { domain: string; port: number }, path: string, activity: Json): Promise<number>
  close(): Promise<void>
}

export const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public'
const CONTEXT = ['https://www.w3.org/ns/activitystreams', 'https://w3id.org/security/v1']

export async function startStranger(
  authority: TestAuthority,
  name: string,
  handle = 'zoe',
): Promise<Stranger> {
  const domain = `${name}-${randomBytes(4).toString('hex')}.example`
  const origin = `https://${domain}`
  const actor = `${origin}/u/${handle}`
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const received: Json[] = []
  const objects = new Map<string, Json>()
  const document = {
    '@context': CONTEXT,
    id: actor,
    type: 'Person',
    preferredUsername: handle,
    name: handle,
    inbox: `${actor}/inbox`,
    outbox: `${actor}/outbox`,
    followers: `${actor}/followers`,
    endpoints: { sharedInbox: `${origin}/inbox` },
    publicKey: {
      id: `${actor}#key`,
      owner: actor,
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }),
    },
  }
  const webFinger = {
    subject: `acct:${handle}@${domain}`,
    links: [{ rel: 'self', type: 'application/activity+json', href: actor }],
  }

  const server = createServer(await authority.leaf(domain), (asked, response) => {
    const chunks: Buffer[] = []
    asked.on('data', (chunk: Buffer) => chunks.push(chunk))
    asked.on('end', () => {
      const path = (asked.url ?? '/').split('?', 1)[0] ?? '/'
      if (asked.method === 'POST') {
        received.push(JSON.parse(Buffer.concat(chunks).toString()))
        response.writeHead(202).end()
        return
      }
      const type = path.startsWith('/.well-known/') ? 'application/jrd+json' : 'application/activity+json'
      const found =
        path === '/.well-known/webfinger'
          ? webFinger
          : path === new URL(actor).pathname
            ? document
            : objects.get(`${origin}${path}`)
      response.writeHead(found ? 200 : 404, { 'content-type': type }).end(JSON.stringify(found ?? {}))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const deliver: Stranger['deliver'] = (site, path, activity) => {
    const body = JSON.stringify({ '@context': CONTEXT, ...activity })
    const digest = `SHA-256=${createHash('sha256').update(body).digest('base64')}`
    const date = new Date().toUTCString()
    const signed = `(request-target): post ${path}\nhost: ${site.domain}\ndate: ${date}\ndigest: ${digest}`
    const signature = createSign('sha256').update(signed).sign(privateKey, 'base64')
    const headers = {
      host: site.domain,
      date,
      digest,
      'content-type': 'application/activity+json',
      signature: `keyId="${actor}#key",algorithm="rsa-sha256",headers="(request-target) host date digest",signature="${signature}"`,
    }
    return new Promise((resolve, reject) => {
      const sending = request(
        { host: '127.0.0.1', port: site.port, servername: site.domain, path, method: 'POST', headers },
        (answer) => {
          answer.resume()
          answer.on('end', () => resolve(answer.statusCode ?? 0))
        },
      )
      sending.on('error', reject)
      sending.end(body)
    })
  }

  let count = 0
  return {
    domain,
    port: (server.address() as AddressInfo).port,
    actor,
    received,
    activity: (type, object, more = {}) => ({
      id: `${actor}/activities/${++count}`,
      type,
      actor,
      object,
      ...more,
    }),
    note: (content, more = {}) => {
      const id = `${actor}/notes/${++count}`
      const note = {
        '@context': CONTEXT,
        id,
        type: 'Note',
        attributedTo: actor,
        content,
        published: new Date().toISOString(),
        to: [PUBLIC],
        cc: [`${actor}/followers`],
        ...more,
      }
      objects.set(id, note)
      return note
    },
    deliver,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
