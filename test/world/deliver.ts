// Delivers an activity as other servers do, or as a forger would. The usual signature shares no code with ours.
import { createHash, sign } from 'node:crypto'
import { request } from 'node:https'
import { type SignatureForm, signedHeaders } from '../../instance/federation/keys/sign.ts'
import type { Internet } from './internet.ts'
import { ACTIVITY, type Person } from './stranger.ts'

export type Delivery = {
  readonly signer?: Person
  /** Whose key it says it is; the signer's own by default. */
  readonly keyId?: string
  /** What a draft-cavage signature covers. */
  readonly over?: readonly string[]
  readonly form?: SignatureForm
  /** Changes the headers after signing. */
  readonly tamper?: (headers: Record<string, string>) => Record<string, string>
  /** Sends this instead of what was signed. */
  readonly instead?: string
}

type Answer = { readonly status: number; readonly retryAfter: string | undefined }

/** Posts an activity to an inbox, signed by `signer` if there is one. Throws where there is no connection. */
export async function deliver(
  { hosts, ca }: Internet,
  inbox: string,
  activity: unknown,
  { signer, tamper = (headers) => headers, instead, ...how }: Delivery = {},
): Promise<Answer> {
  const url = new URL(inbox)
  const body = JSON.stringify(activity)
  const headers = tamper(signer ? await signed(signer, url, body, how) : { 'content-type': ACTIVITY })
  const port = new URL(`http://${hosts.get(url.host)}`).port
  return new Promise((resolve, reject) => {
    const sending = request(
      {
        host: '127.0.0.1',
        port,
        ca,
        servername: url.host,
        path: url.pathname,
        method: 'POST',
        headers: { host: url.host, ...headers },
      },
      (answer) => {
        answer.resume()
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, retryAfter: answer.headers['retry-after'] }),
        )
      },
    )
    sending.on('error', reject)
    sending.end(instead ?? body)
  })
}

async function signed(
  signer: Person,
  url: URL,
  body: string,
  { keyId = signer.keyId, form, over }: Pick<Delivery, 'keyId' | 'form' | 'over'>,
): Promise<Record<string, string>> {
  const headers = { 'content-type': ACTIVITY }
  if (form !== 'rfc9421') return { ...headers, ...cavage(signer, keyId, url, body, over) }
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const der = Uint8Array.from(signer.privateKey.export({ type: 'pkcs8', format: 'der' }))
  const privateKey = await crypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign'])
  const request = { method: 'POST', url, body: Buffer.from(body), headers } as const
  return signedHeaders(request, { id: keyId, privateKey }, form)
}

function cavage(
  signer: Person,
  keyId: string,
  url: URL,
  body: string,
  over: readonly string[] = ['(request-target)', 'host', 'date', 'digest'],
): Record<string, string> {
  const date = new Date().toUTCString()
  const digest = `SHA-256=${createHash('sha256').update(body).digest('base64')}`
  const values: Record<string, string> = {
    '(request-target)': `post ${url.pathname}`,
    host: url.host,
    date,
    digest,
  }
  const text = over.map((name) => `${name}: ${values[name]}`).join('\n')
  const signature = sign('sha256', Buffer.from(text), signer.privateKey).toString('base64')
  const fields = `keyId="${keyId}",algorithm="rsa-sha256",headers="${over.join(' ')}"`
  return { date, digest, signature: `${fields},signature="${signature}"` }
}
