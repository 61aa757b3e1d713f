// A server of somebody else, as small as can be: it serves documents, and signs whatever it is told to.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import https from 'node:https'
import { createEgress, type Egress } from '../../instance/federation/egress/egress.ts'
import { type SignatureForm, signedHeaders } from '../../instance/federation/keys/sign.ts'
import { certificate } from './tls.ts'
import type { Network } from './town.ts'

export type Page = { readonly status?: number; readonly type?: string; readonly body: unknown }

export type Stranger = {
  readonly origin: string
  /** What it serves, by path. Whatever is not here is 404. */
  readonly pages: Map<string, Page>
  /** What was posted to it. */
  readonly received: { readonly path: string; readonly body: Record<string, unknown> }[]
  /** Answers to posts; 202 while empty. */
  readonly answers: number[]
  readonly egress: Egress
  /** Serves an actor with a key of its own. */
  actor(handle: string): Promise<Person>
  /** Takes no connections. */
  down(): void
  up(): void
  close(): Promise<void>
}

export type Person = {
  readonly uri: string
  readonly keyId: string
  readonly privateKey: CryptoKey
  readonly publicKeyPem: string
}

const ACTIVITY = 'application/activity+json'

export async function openStranger(network: Network, domain: string): Promise<Stranger> {
  const pages = new Map<string, Page>()
  const received: Stranger['received'] = []
  const answers: number[] = []
  const server = https.createServer(await certificate(domain), (request, response) => {
    const path = request.url ?? '/'
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
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const up = () => network.set(domain, `127.0.0.1:${port}`)
  up()
  const origin = `https://${domain}`
  const egress = createEgress({ allow: ['127.0.0.0/8'], hosts: network, userAgent: 'stranger' })
  return {
    origin,
    pages,
    received,
    answers,
    egress,
    up,
    down: () => {
      server.closeAllConnections()
      network.set(domain, '127.0.0.1:1')
    },
    actor: async (handle) => {
      const uri = `${origin}/users/${handle}`
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
      const keyId = `${uri}#main-key`
      pages.set(`/users/${handle}`, {
        body: {
          '@context': ['https://www.w3.org/ns/activitystreams', 'https://w3id.org/security/v1'],
          id: uri,
          type: 'Person',
          preferredUsername: handle,
          inbox: `${uri}/inbox`,
          followers: `${uri}/followers`,
          publicKey: { id: keyId, owner: uri, publicKeyPem },
        },
      })
      const pkcs8 = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })).export({
        type: 'pkcs8',
        format: 'der',
      })
      const imported = await crypto.subtle.importKey(
        'pkcs8',
        Uint8Array.from(pkcs8),
        { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
        true,
        ['sign'],
      )
      return { uri, keyId, privateKey: imported, publicKeyPem }
    },
    close: async () => {
      await egress.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export type Posting = {
  readonly signer?: Person
  readonly keyId?: string
  readonly form?: SignatureForm
  /** Changes the headers after signing. */
  readonly tamper?: (headers: Record<string, string>) => Record<string, string>
  /** Sends this instead of what was signed. */
  readonly instead?: string
  readonly type?: string
}

/** Posts an activity, signed by `signer` if there is one. */
export async function postTo(
  stranger: Stranger,
  inbox: string,
  activity: unknown,
  { signer, keyId, form, tamper, instead, type = ACTIVITY }: Posting = {},
): Promise<{ status: number; retryAfter: string | null }> {
  const signed = Buffer.from(JSON.stringify(activity))
  const response = await stranger.egress.request(inbox, {
    method: 'POST',
    body: instead === undefined ? signed : Buffer.from(instead),
    headers: async (url) => {
      const plain = { 'content-type': type }
      const headers = signer
        ? await signedHeaders(
            { method: 'POST', url, body: signed, headers: plain },
            { id: keyId ?? signer.keyId, privateKey: signer.privateKey },
            form,
          )
        : plain
      return tamper ? tamper(headers) : headers
    },
  })
  return { status: response.status, retryAfter: response.headers.get('retry-after') }
}
