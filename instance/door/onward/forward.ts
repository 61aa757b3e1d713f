// Handing a request to the member's home: once, and once more if the home had moved or was just restarting.
import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { type RawAnswer, SiblingUnreachable } from '../../siblings/client.ts'
import type { DoorDeps } from '../deps.ts'
import { type Place, whereIsAfterRefresh, whereIsNow } from '../locate.ts'
import type { DoorRefusal } from '../refuse.ts'
import type { Subject } from '../route.ts'
import { type BodyPlan, KEPT_BYTES, planBody, readBody } from './body.ts'
import { HOME_HEADER, onwardHeaders, writeSubject } from './headers.ts'

/** Requests under way to one sibling. One that hangs holds this many, and then costs only its own members. */
const PER_SIBLING = 256
const HEADERS_TIMEOUT_MS = 30_000
/** Longer than a home waits for the end of a freeze before it says whether it is the home. */
const ASK_TIMEOUT_MS = 5_000
export const ASK_PATH = '/internal/home'

export type Handover =
  | { readonly kind: 'answered'; readonly answer: RawAnswer }
  /** The member turned out to live here; `body` is what was already read of the request. */
  | { readonly kind: 'here'; readonly body: Buffer | undefined }
  | { readonly kind: 'refused'; readonly refusal: DoorRefusal }

export type Onward = {
  readonly raw: IncomingMessage
  readonly subject: Subject
  readonly ordinal: number
  /** The client's address. */
  readonly client: string
  /** The body, if it was read to learn whom the request is for. */
  readonly body: Buffer | undefined
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
}

type Try =
  | { readonly kind: 'answered'; readonly answer: RawAnswer }
  | { readonly kind: 'moved'; readonly hint: number | undefined }
  /** Nobody took the connection. */
  | { readonly kind: 'refused' }
  /** It may have been read, so it is not sent again. */
  | { readonly kind: 'lost' }

/** Makes the function that hands requests over; it counts what is under way to each sibling. */
export function makeForward(deps: DoorDeps): (onward: Onward) => Promise<Handover> {
  const running = new Map<number, number>()

  async function attempt(
    ordinal: number,
    onward: Onward,
    plan: BodyPlan,
    kept: Buffer | undefined,
  ): Promise<Try> {
    const { raw, subject, signal } = onward
    const count = running.get(ordinal) ?? 0
    if (count >= PER_SIBLING) return { kind: 'lost' }
    running.set(ordinal, count + 1)
    // What has flowed of the body, perhaps nowhere, is not there a second time.
    let flows = false
    try {
      const headers = onwardHeaders(raw.headers, subject, onward.client)
      if (plan.kind === 'stream') {
        const said = await ask(ordinal, onward)
        if (said) return said
        flows = true
      }
      const body = plan.kind === 'stream' ? flowing(raw) : (kept ?? null)
      const answer = await deps.siblings.send(ordinal, {
        method: raw.method ?? 'GET',
        path: originForm(raw.url ?? '/'),
        headers,
        body,
        signal,
        headersTimeoutMs: HEADERS_TIMEOUT_MS,
      })
      if (answer.statusCode !== 421) return { kind: 'answered', answer }
      await answer.body.dump()
      return flows ? { kind: 'lost' } : { kind: 'moved', hint: hintOf(answer) }
    } catch (error) {
      if (!(error instanceof SiblingUnreachable)) throw error
      return { kind: error.refused && !flows ? 'refused' : 'lost' }
    } finally {
      running.set(ordinal, (running.get(ordinal) ?? 1) - 1)
    }
  }

  /** A body that can be sent only once is not sent before the home said that it is the home. */
  async function ask(ordinal: number, { subject, signal }: Onward): Promise<Try | undefined> {
    const answer = await deps.siblings.send(ordinal, {
      method: 'GET',
      path: `${ASK_PATH}?${writeSubject(subject)}`,
      headers: {},
      body: null,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]),
      headersTimeoutMs: ASK_TIMEOUT_MS,
    })
    await answer.body.dump()
    if (answer.statusCode === 421) return { kind: 'moved', hint: hintOf(answer) }
    return answer.statusCode === 204 ? undefined : { kind: 'lost' }
  }

  return async (onward) => {
    const plan: BodyPlan = onward.body ? { kind: 'keep' } : planBody(onward.raw.headers)
    const kept = onward.body ?? (plan.kind === 'keep' ? await readBody(onward.raw, KEPT_BYTES) : undefined)
    const first = await attempt(onward.ordinal, onward, plan, kept)
    if (first.kind === 'answered') return first
    deps.metrics.doorFailures.inc({ sibling: onward.ordinal, reason: first.kind })
    if (first.kind === 'lost') return down
    let place = await whereIsAfterRefresh(deps, onward.subject)
    if (first.kind === 'moved' && first.hint !== undefined && isOld(place, onward.ordinal)) {
      place = first.hint === deps.config.ordinal ? { at: 'here' } : { at: 'home', ordinal: first.hint }
    }
    if (place.at === 'nobody-knows') return lookupFailed
    if (place.at !== 'home') return { kind: 'here', body: kept }
    const second = await attempt(place.ordinal, onward, plan, kept)
    if (second.kind === 'answered') return second
    deps.metrics.doorFailures.inc({ sibling: place.ordinal, reason: second.kind })
    if (second.kind === 'moved') {
      const now = await whereIsNow(deps, onward.subject)
      if (now.at === 'here' || now.at === 'anywhere') return { kind: 'here', body: kept }
    }
    return down
  }
}

const down: Handover = { kind: 'refused', refusal: { code: 'home-down' } }
const lookupFailed: Handover = { kind: 'refused', refusal: { code: 'directory-down' } }

/** Whether memory still says what a sibling has just denied: the directory gave no newer answer. */
function isOld(place: Place, denied: number): boolean {
  return place.at === 'nobody-knows' || (place.at === 'home' && place.ordinal === denied)
}

/**
 * Through a stream of its own: a failed attempt ends that one, and the client can still be told. The rest is read to
 * nowhere then: whoever reads no answer before all is sent would wait with it for ever.
 */
function flowing(raw: IncomingMessage): PassThrough {
  const body = raw.pipe(new PassThrough())
  body.once('close', () => raw.resume())
  return body
}

function hintOf(answer: RawAnswer): number | undefined {
  const value = answer.headers[HOME_HEADER]
  return typeof value === 'string' && /^[0-9]{1,4}$/.test(value) ? Number(value) : undefined
}

function originForm(url: string): string {
  return url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/]*/i, '') || '/'
}
