// HTTP to the API server: one pool of connections, credentials kept fresh, limits on time, refusals as KubeError.
import type { Logger } from 'pino'
import { Agent, type Dispatcher } from 'undici'
import { type Clock, sleep } from '../clock.ts'
import { failureOf, KubeError } from '../error.ts'
import type { KubeMetrics } from '../metrics.ts'
import type { Connection, Credentials } from './connection.ts'

export type Call = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  query?: Record<string, string | undefined>
  body?: object
  contentType?: string
  /** For metrics: what is done to which plural. */
  verb: string
  resource: string
}

export type Transport = {
  /** The parsed answer. */
  json(call: Call): Promise<unknown>
  /** The body as it comes, without a limit on silence: the caller watches the clock and aborts. */
  stream(call: Call, signal: AbortSignal): Promise<AsyncIterable<Buffer>>
  close(): Promise<void>
}

export type TransportDeps = { clock: Clock; random: () => number; log: Logger; metrics: KubeMetrics }

const ANSWER_MS = 30_000
const CREDENTIALS_MS = 60_000
const PATIENCE = 5
const LONGEST_WAIT_S = 30

export function createTransport(connection: Connection, deps: TransportDeps): Transport {
  const { clock, random, log, metrics } = deps
  const base = new URL(connection.server)
  const prefix = base.pathname.replace(/\/+$/, '')
  let pool: { agent: Agent; credentials: Credentials; fingerprint: string; readAt: number } | undefined
  let reading: Promise<Agent> | undefined

  /** The shared agent; credentials are read again when they are a minute old, one reader at a time. */
  async function agentNow(): Promise<Agent> {
    if (pool && clock.now() - pool.readAt < CREDENTIALS_MS) return pool.agent
    reading ??= readCredentials().finally(() => {
      reading = undefined
    })
    return reading
  }

  async function readCredentials(): Promise<Agent> {
    const credentials = await connection.credentials()
    const fingerprint = JSON.stringify(credentials.tls)
    if (pool?.fingerprint === fingerprint) {
      pool = { ...pool, credentials, readAt: clock.now() }
      return pool.agent
    }
    const old = pool?.agent
    const agent = new Agent({
      // HTTP/2 puts all watches on one connection, and Node's keeps memory over days.
      allowH2: false,
      connect: {
        ...credentials.tls,
        timeout: 10_000,
        // A peer that vanished without a word is noticed by the kernel after 15 s and ten probes of 1 s.
        keepAlive: true,
        keepAliveInitialDelay: 15_000,
      },
      // Shorter than any load balancer's own idle limit, longer than the leader's heartbeat.
      keepAliveTimeout: 20_000,
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    })
    pool = { agent, credentials, fingerprint, readAt: clock.now() }
    // Running requests end first; watches of the old agent end with their own timeout.
    if (old) void old.close().catch((error: unknown) => log.debug({ err: error }, 'closing old connections'))
    return agent
  }

  async function send(
    call: Call,
    options: Partial<Dispatcher.RequestOptions>,
  ): Promise<Dispatcher.ResponseData> {
    const agent = await agentNow()
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined && value !== '') query.set(name, value)
    }
    return agent.request({
      origin: base.origin,
      path: `${prefix}${call.path}${query.size > 0 ? `?${query}` : ''}`,
      method: call.method,
      headers: {
        accept: 'application/json',
        'user-agent': 'hamlet-operator',
        ...(call.body && { 'content-type': call.contentType ?? 'application/json' }),
        ...pool?.credentials.headers,
      },
      body: call.body ? JSON.stringify(call.body) : null,
      ...options,
    })
  }

  /** One exchange; an answer that is not 2xx and a lost connection are both KubeError. */
  async function once<T>(
    call: Call,
    options: Partial<Dispatcher.RequestOptions>,
    read: (answer: Dispatcher.ResponseData) => Promise<T>,
  ): Promise<T> {
    const begun = clock.now()
    const count = (code: number) => {
      metrics.requests.inc({ code, method: call.method, verb: call.verb, resource: call.resource })
      if (call.verb !== 'watch')
        metrics.requestSeconds.observe({ verb: call.verb }, (clock.now() - begun) / 1000)
    }
    const what = `${call.verb} ${call.path}`
    let code = 0
    try {
      const answer = await send(call, options)
      if (answer.statusCode >= 300) {
        const text = await answer.body.text()
        code = answer.statusCode
        throw new KubeError(failureOf(code, text, what, retryAfterOf(answer)))
      }
      const result = await read(answer)
      code = answer.statusCode
      return result
    } catch (error) {
      throw error instanceof KubeError ? error : lost(error, what)
    } finally {
      count(code)
    }
  }

  /** Repeats what surely did not happen: 429, an overloaded server that says when to come back, a stale token. */
  async function withPatience<T>(run: () => Promise<T>, call: Call, signal?: AbortSignal): Promise<T> {
    let renewed = false
    for (let attempt = 0; ; attempt++) {
      try {
        return await run()
      } catch (error) {
        if (!(error instanceof KubeError) || signal?.aborted) throw error
        const { code, retryAfter } = error.failure
        if (code === 401 && !renewed && pool) {
          renewed = true
          pool.readAt = Number.NEGATIVE_INFINITY
        } else if ((code === 429 || (code >= 500 && retryAfter !== undefined)) && attempt < PATIENCE) {
          const seconds = Math.min(LONGEST_WAIT_S, retryAfter ?? 1)
          log.debug(
            { seconds, code, verb: call.verb, resource: call.resource },
            'the API server asks to wait',
          )
          await sleep(clock, seconds * 1000 * (1 + random() / 4), signal)
        } else if (code === 0 && call.method === 'GET' && attempt === 0) {
          // An idle connection that the server had just closed; reading again harms nothing.
        } else throw error
      }
    }
  }

  return {
    json: (call) =>
      withPatience(() => {
        const ended = new AbortController()
        // The agent's limits are on silence; this one is on the whole.
        const cancel = clock.after(2 * ANSWER_MS, () => ended.abort(new Error('no complete answer in time')))
        return once(call, { signal: ended.signal }, (answer) => answer.body.json()).finally(cancel)
      }, call),
    stream: (call, signal) =>
      withPatience(
        () =>
          once(
            call,
            { signal, bodyTimeout: 0 },
            async (answer): Promise<AsyncIterable<Buffer>> => answer.body,
          ),
        call,
        signal,
      ),
    close: async () => pool?.agent.destroy(),
  }
}

/** A network failure as a KubeError of code 0. */
export function lost(error: unknown, what: string): KubeError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'Network'
  const message = error instanceof Error ? error.message : String(error)
  return new KubeError({ code: 0, reason: code, message: `${what}: no answer: ${message}` }, { cause: error })
}

function retryAfterOf({ headers }: Dispatcher.ResponseData): number | undefined {
  const seconds = Number(headers['retry-after'])
  return headers['retry-after'] !== undefined && Number.isFinite(seconds) && seconds >= 0
    ? seconds
    : undefined
}
