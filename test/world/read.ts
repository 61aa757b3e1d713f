// Reads a document as other servers do, at a door of one's choice.
import { request } from 'undici'
import { type Signing, signatureOf } from './signature.ts'
import { ACTIVITY, type Person } from './stranger.ts'

export type Reading = Signing & { readonly signer?: Person | undefined }

/** Asks the instance at `door` (its own public port) for an address of its community; the status of the answer. */
export async function readAt(
  door: string,
  address: string,
  { signer, ...how }: Reading = {},
): Promise<number> {
  const url = new URL(address)
  const signature = signer && (await signatureOf({ method: 'GET', url }, signer, how))
  const { statusCode, body } = await request(`${door}${url.pathname}`, {
    headers: { accept: ACTIVITY, ...signature, host: url.host },
  })
  await body.dump()
  return statusCode
}
