// Signatures over HTTP requests.
import { fedify } from '../fedify.ts'

export type SignatureForm = 'draft-cavage-http-signatures-12' | 'rfc9421'

type Signed = {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly headers: Record<string, string>
  readonly body?: Uint8Array
}

/**
 * The headers of a request with its signature. `host` is signed but left out: the connection sets the same one itself.
 */
export async function signedHeaders(
  request: Signed,
  key: { readonly id: string; readonly privateKey: CryptoKey },
  form: SignatureForm = 'draft-cavage-http-signatures-12',
): Promise<Record<string, string>> {
  const { signRequest } = await fedify()
  const body = request.body && Uint8Array.from(request.body)
  const signed = await signRequest(
    new Request(request.url, { method: request.method, headers: request.headers, ...(body && { body }) }),
    key.privateKey,
    new URL(key.id),
    { spec: form, ...(body && { body: body.buffer }) },
  )
  const headers = Object.fromEntries(signed.headers)
  delete headers.host
  return headers
}
