// Calls from this instance to its siblings, over their internal ports.
import { Readable } from 'node:stream'
import { Agent, type Dispatcher, request } from 'undici'
import type { InternalKeys } from './keys.ts'

export type SiblingAnswer = { readonly status: number; readonly body: unknown }

export type SiblingCall = {
  /** GET without a body, POST with one. */
  readonly method?: string
  /** Sent as JSON. */
  readonly body?: unknown
  readonly signal?: AbortSignal
  /** Until the whole answer is there; 10 s. */
  readonly timeoutMs?: number
}

export type RawCall = {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string | string[]>
  readonly body: Dispatcher.DispatchOptions['body']
  readonly signal: AbortSignal
  /**
   * Until the answer's first line, the wait for a connection included; of a body that is a stream, only since its end.
   * No end is set to how long the answer's body may take, for some are streams.
   */
  readonly headersTimeoutMs: number
}

/** A sibling's answer as it comes; its body must be read or dumped, or the connection stays taken. */
export type RawAnswer = Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'> & {
  readonly body: Readable & {
    dump(): Promise<unknown>
    text(): Promise<string>
    arrayBuffer(): Promise<ArrayBuffer>
  }
}

export type Siblings = {
  /** Calls `path` of a sibling and reads a JSON answer. Throws `SiblingUnreachable` if the sibling gives none. */
  call(ordinal: number, path: string, options?: SiblingCall): Promise<SiblingAnswer>
  /** Hands over a request as it is; the door's. Throws `SiblingUnreachable`. */
  send(ordinal: number, call: RawCall): Promise<RawAnswer>
  /** Whether a presented key is the community's. */
  accepts(key: unknown): boolean
  /** Connections and requests towards all siblings at this moment. */
  load(): { connected: number; running: number; queued: number }
  close(): Promise<void>
}

/** A sibling gave no answer. `refused`: not a byte of the request was read, so it may be sent again. */
export class SiblingUnreachable extends Error {
  readonly ordinal: number
  readonly refused: boolean
  constructor(ordinal: number, refused: boolean, cause: unknown) {
    super(`instance ${ordinal} cannot be reached`, { cause })
    this.name = 'SiblingUnreachable'
    this.ordinal = ordinal
    this.refused = refused
  }
}

export const KEY_HEADER = 'x-hamlet-key'
/** Who asks, and in the answer to whoever showed the community's key: who answers. */
export const ORDINAL_HEADER = 'x-hamlet-ordinal'

/** Failures before a connection stood. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])

export function wasRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && typeof error.code === 'string' && NOT_CONNECTED.has(error.code)) return true
  // Several addresses of one name were tried: refused only if each was.
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(wasRefused)
  return false
}

export type SiblingsDeps = {
  /** This instance's own ordinal, told to those it calls. */
  readonly ordinal: number
  readonly keys: InternalKeys
  /** The directory's list, for the addresses. */
  readonly instances: () => readonly { readonly ordinal: number; readonly address: string }[]
}

/**
 * Kept-alive connections to the siblings: at most 64 each, so that one that hangs cannot take every socket. An answer
 * counts only if it says whose it is, which takes the community's key: a proxy on the way, or another pod that was given
 * a dead one's address, would otherwise tell the fediverse by a 404 that members are gone.
 */
export function makeSiblings(deps: SiblingsDeps): Siblings {
  const agent = new Agent({
    connections: 64,
    connect: { timeout: 2_000 },
    keepAliveTimeout: 20_000,
    keepAliveMaxTimeout: 60_000,
    bodyTimeout: 0,
  })
  const address = (ordinal: number): string => {
    const known = deps.instances().find((instance) => instance.ordinal === ordinal)
    if (!known) throw new SiblingUnreachable(ordinal, true, new Error('the directory has no such instance'))
    return known.address.replace(/\/$/, '')
  }
  const identity = () => ({ [KEY_HEADER]: deps.keys.current(), [ORDINAL_HEADER]: String(deps.ordinal) })

  const send: Siblings['send'] = async (ordinal, call) => {
    const base = address(ordinal)
    let answer: RawAnswer
    // The agent's own clock begins only with a connection, and 64 who wait for an answer keep the others from one.
    const late = new AbortController()
    const timer =
      call.body instanceof Readable ? undefined : setTimeout(() => late.abort(), call.headersTimeoutMs)
    try {
      answer = await request(base + call.path, {
        dispatcher: agent,
        method: call.method as Dispatcher.HttpMethod,
        headers: { ...call.headers, ...identity() },
        body: call.body ?? null,
        signal: AbortSignal.any([call.signal, late.signal]),
        headersTimeout: call.headersTimeoutMs,
      })
    } catch (error) {
      throw new SiblingUnreachable(ordinal, wasRefused(error), error)
    } finally {
      clearTimeout(timer)
    }
    if (answer.headers[ORDINAL_HEADER] === String(ordinal)) return answer
    // Not read to its end, which may never come.
    answer.body.on('error', () => undefined).destroy()
    const stranger = new Error(`somebody else answered ${answer.statusCode} at ${base}`)
    throw new SiblingUnreachable(ordinal, false, stranger)
  }

  return {
    send,
    call: async (ordinal, path, options = {}) => {
      const timeout = AbortSignal.timeout(options.timeoutMs ?? 10_000)
      const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout
      const body = options.body === undefined ? undefined : JSON.stringify(options.body)
      const answer = await send(ordinal, {
        method: options.method ?? (body === undefined ? 'GET' : 'POST'),
        path,
        headers: {
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        body: body ?? null,
        signal,
        headersTimeoutMs: options.timeoutMs ?? 10_000,
      })
      try {
        const text = await answer.body.text()
        return { status: answer.statusCode, body: text === '' ? undefined : JSON.parse(text) }
      } catch (error) {
        throw new SiblingUnreachable(ordinal, false, error)
      }
    },
    accepts: (key) => deps.keys.accepts(key),
    load: () => {
      const sum = { connected: 0, running: 0, queued: 0 }
      for (const origin of Object.values(agent.stats)) {
        sum.connected += Number(origin.connected)
        sum.running += origin.running
        sum.queued += origin.size - origin.running
      }
      return sum
    },
    close: () => agent.destroy(),
  }
}
