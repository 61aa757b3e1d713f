// Signatures of other servers, or of forgers. The usual form shares no code with ours.
import { createHash, sign } from 'node:crypto'
import { type SignatureForm, signedHeaders } from '../../instance/federation/keys/sign.ts'
import { ACTIVITY, type Person } from './stranger.ts'

export type Signing = {
  /** Whose key it says it is; the signer's own by default. */
  readonly keyId?: string
  /** What a draft-cavage signature covers. */
  readonly over?: readonly string[]
  readonly form?: SignatureForm
}

type Signed = { readonly method: 'GET' | 'POST'; readonly url: URL; readonly body?: string }

/** The headers that a signed request has besides its own. */
export async function signatureOf(
  request: Signed,
  signer: Person,
  { keyId = signer.keyId, form, over }: Signing,
): Promise<Record<string, string>> {
  if (form !== 'rfc9421') return cavage(request, signer, keyId, over)
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const der = Uint8Array.from(signer.privateKey.export({ type: 'pkcs8', format: 'der' }))
  const privateKey = await crypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign'])
  const { body, ...rest } = request
  const headers: Record<string, string> =
    body === undefined ? { accept: ACTIVITY } : { 'content-type': ACTIVITY }
  return signedHeaders(
    { ...rest, headers, ...(body !== undefined && { body: Buffer.from(body) }) },
    { id: keyId, privateKey },
    form,
  )
}

function cavage(
  { method, url, body }: Signed,
  signer: Person,
  keyId: string,
  covered: readonly string[] | undefined,
): Record<string, string> {
  const over = covered ?? ['(request-target)', 'host', 'date', ...(body === undefined ? [] : ['digest'])]
  const date = new Date().toUTCString()
  const digest =
    body === undefined ? {} : { digest: `SHA-256=${createHash('sha256').update(body).digest('base64')}` }
  const values: Record<string, string> = {
    '(request-target)': `${method.toLowerCase()} ${url.pathname}`,
    host: url.host,
    date,
    ...digest,
  }
  const text = over.map((name) => `${name}: ${values[name]}`).join('\n')
  const signature = sign('sha256', Buffer.from(text), signer.privateKey).toString('base64')
  const fields = `keyId="${keyId}",algorithm="rsa-sha256",headers="${over.join(' ')}"`
  return { date, ...digest, signature: `${fields},signature="${signature}"` }
}
