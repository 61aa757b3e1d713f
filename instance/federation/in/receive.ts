// The inboxes: verify, keep for this home and for the siblings in one transaction, then say 202.
import type { Instance } from '../../instance.ts'
import { isDatabaseDown } from '../../store/failures.ts'
import { type Incoming, isMalformed, readActivity, sameOrigin } from './activity.ts'
import { keep } from './keep.ts'
import { forged } from './proof/forgery.ts'
import { verify } from './proof/verify.ts'

export type Delivery = {
  /** The path and query as they stood in the request line. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  /** A handle for a personal inbox. */
  readonly recipient?: string
}

export type Answer = { readonly status: 202 | 400 | 401 | 404 | 410 | 503; readonly why?: string }

/**
 * What a remote server is answered. A valid activity gets 202 or 503 and nothing else: others drop for good what they
 * were told 4xx, and some suspend a host for a 410.
 */
export async function receive(instance: Instance, delivery: Delivery): Promise<Answer> {
  // An older copy of the directory does not say for which homes this is.
  if (instance.homes.regressed) return { status: 503, why: 'Try again shortly.' }
  const inbox = await recipientInbox(instance, delivery.recipient)
  if ('status' in inbox) return inbox
  const activity = readActivity(delivery.body)
  if (isMalformed(activity)) return { status: 400, why: activity.problem }
  // Our own people's activities come from their home, over the internal port. Here they can only be forged.
  if (sameOrigin(activity.actor, instance.config.origin)) return { status: 202 }
  const lie = forged(activity)
  if (lie) return { status: 401, why: lie }
  const { host } = new URL(activity.actor)
  try {
    const verdict = await verify(instance, asRequest(instance.config.origin, delivery), activity)
    switch (verdict.is) {
      case 'valid':
      case 'gone':
        await keep(instance, activity, inbox.home)
        return { status: 202 }
      case 'forwarded':
        return { status: 202 }
      case 'invalid':
        instance.log.info({ host, why: verdict.why }, 'a delivery was not signed well')
        return { status: 401, why: verdict.why }
      case 'later':
        instance.log.info({ host, why: verdict.why }, 'a delivery could not be verified yet')
        return { status: 503, why: 'The key cannot be fetched right now.' }
    }
  } catch (error) {
    if (isDatabaseDown(error)) instance.log.warn({ err: error }, 'a delivery could not be kept')
    else instance.log.error({ err: error, host }, 'a delivery could not be read')
    return { status: 503, why: 'Try again shortly.' }
  }
}

type Inbox = { readonly home: { readonly ordinal: number; readonly handle: string } | undefined }

async function recipientInbox(instance: Instance, handle: string | undefined): Promise<Inbox | Answer> {
  if (handle === undefined) return { home: undefined }
  let home = instance.homes.byHandle(handle)
  if (!home) {
    try {
      home = await instance.homes.freshByHandle(handle)
    } catch (error) {
      instance.log.warn({ err: error }, 'the directory cannot be read')
      return { status: 503, why: 'Try again shortly.' }
    }
    // After a restore of the directory to an older copy a missing handle proves nothing.
    if (!home) return { status: instance.homes.regressed ? 503 : 404, why: 'There is nobody of this name.' }
  }
  if (home.state === 'deleted') return { status: 410, why: 'This member has left.' }
  if (home.state === 'pending') return { status: 503, why: 'This member is still signing up.' }
  return { home: { ordinal: home.home, handle: home.handle } }
}

/** The request as its sender signed it: at our public origin, whatever the way it took to this pod. */
function asRequest(origin: string, delivery: Delivery): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(delivery.headers)) {
    if (value === undefined || name.startsWith(':')) continue
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one)
  }
  headers.set('host', new URL(origin).host)
  return new Request(`${origin}${delivery.url}`, {
    method: 'POST',
    headers,
    body: Uint8Array.from(delivery.body),
  })
}

export type { Incoming }
