// Delivers an activity as other servers do, or as a forger would.
import { request } from 'node:https'
import type { Internet } from './internet.ts'
import { type Signing, signatureOf } from './signature.ts'
import { ACTIVITY, type Person } from './stranger.ts'

export type Delivery = Signing & {
  readonly signer?: Person
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
  const headers = tamper({
    'content-type': ACTIVITY,
    ...(signer && (await signatureOf({ method: 'POST', url, body }, signer, how))),
  })
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
