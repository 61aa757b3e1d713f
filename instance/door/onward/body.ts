// The body of a request that may have to be sent twice.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** Up to here a body is kept in memory until the home has taken it; above, the home is asked first. */
export const KEPT_BYTES = 1024 * 1024
/** A log-in form is smaller than this. */
export const FORM_BYTES = 16 * 1024

export type BodyPlan =
  | { readonly kind: 'none' }
  /** Small enough to keep, so a refused request can be sent again. */
  | { readonly kind: 'keep' }
  /** Flows through once, after the home said that it is the home. */
  | { readonly kind: 'stream' }

/** How a body crosses the door. Uploads always flow: their parser reads from the socket, so they can't be replayed. */
export function planBody(headers: IncomingHttpHeaders): BodyPlan {
  const length = headers['content-length']
  if (length === undefined && headers['transfer-encoding'] === undefined) return { kind: 'none' }
  if (length === '0') return { kind: 'none' }
  const upload = /^multipart\//i.test(headers['content-type'] ?? '')
  return !upload && length !== undefined && Number(length) <= KEPT_BYTES
    ? { kind: 'keep' }
    : { kind: 'stream' }
}

/** Reads the whole body, or undefined if it is longer than `limit`, in which case the rest is left unread. */
export async function readBody(source: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  if (Number(source.headers['content-length'] ?? 0) > limit) return undefined
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    length += chunk.length
    if (length > limit) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The handle that a log-in form names: `ana`, `@ana` and `ana@garden.example` are the same person here. */
export function handleOfForm(headers: IncomingHttpHeaders, body: Buffer): string | undefined {
  if (!/^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')) return undefined
  const typed = new URLSearchParams(body.toString()).get('handle') ?? ''
  return typed.trim().replace(/^@/, '').split('@', 1)[0]?.toLowerCase() || undefined
}
