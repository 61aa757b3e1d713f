// The operator's own HTTP: /metrics, /livez, /readyz, and the wake that instances send when something needs a look.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { Clock } from '../kube/clock.ts'
import type { Health, Verdict } from './health.ts'
import { createRate } from './rate.ts'

export type ServeOptions = {
  port: number
  host?: string
  /**
   * Called for `POST /wake/<namespace>/<name of a Community>`. False: no such Community. It should only enqueue the key:
   * a wake carries nothing and proves nothing, so anyone may send one.
   */
  wake: (key: string) => boolean
  /** Where the leader serves (`http://10.1.2.3:8080`), when it is not this process: wakes are passed on to it. */
  leader?: () => string | undefined
}

export type ServeDeps = { health: Health; registry: Registry; clock: Clock; log: Logger }

export type Served = { port: number; close(): Promise<void> }

type Answer = { status: number; text: string; type?: string; headers?: Record<string, string> }

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const PASSED_ON = 'x-hamlet-passed-on'

/** Resolves when it listens; port 0 takes a free one. */
export async function serve(options: ServeOptions, deps: ServeDeps): Promise<Served> {
  const { health, registry, clock, log } = deps
  // An instance wakes us at most every few seconds; growth under a flood must still get through.
  const perCommunity = createRate({ burst: 5, perSecond: 1 }, clock)
  const all = createRate({ burst: 200, perSecond: 50 }, clock)

  async function answer(request: IncomingMessage): Promise<Answer> {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    if (path.startsWith('/wake/')) return wake(request, path)
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return plain(405, 'GET only', { allow: 'GET, HEAD' })
    if (path === '/livez') return told(health.liveness())
    if (path === '/readyz') return told(health.readiness())
    if (path === '/metrics')
      return { status: 200, text: await registry.metrics(), type: registry.contentType }
    return plain(404, 'Here are /metrics, /livez, /readyz and POST /wake/<namespace>/<community>')
  }

  async function wake(request: IncomingMessage, path: string): Promise<Answer> {
    if (request.method !== 'POST') return plain(405, 'POST only', { allow: 'POST' })
    const [, , namespace = '', name = '', ...rest] = path.split('/')
    if (!LABEL.test(namespace) || !LABEL.test(name) || rest.length > 0) {
      return plain(404, 'POST /wake/<namespace>/<community>')
    }
    const key = `${namespace}/${name}`
    const seconds = Math.max(all.take(''), perCommunity.take(key))
    if (seconds > 0) return plain(429, 'too many wakes', { 'retry-after': String(Math.ceil(seconds)) })
    const leader = options.leader?.()
    if (leader && request.headers[PASSED_ON] === undefined) return passOn(leader, path)
    return options.wake(key) ? plain(202, 'awake') : plain(404, 'no such community')
  }

  /** Two replicas share the Service, and only the leader works: a wake at the other one would be lost. */
  async function passOn(leader: string, path: string): Promise<Answer> {
    try {
      const reply = await fetch(`${leader}${path}`, {
        method: 'POST',
        headers: { [PASSED_ON]: '1' },
        signal: AbortSignal.timeout(2000),
      })
      return plain(reply.status, await reply.text())
    } catch (error) {
      log.debug({ err: error }, 'the leader did not take a wake')
      return plain(503, 'no leader', { 'retry-after': '2' })
    }
  }

  const server = createServer((request, response) => {
    // Bodies mean nothing here; unread ones would keep the connection from being used again.
    request.resume()
    answer(request).then(
      (reply) => send(request, response, reply),
      (error: unknown) => {
        log.error({ err: error }, 'could not answer')
        send(request, response, plain(500, 'failed: see the log'))
      },
    )
  })
  server.requestTimeout = 10_000
  server.headersTimeout = 5_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host ?? '0.0.0.0', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
  }
}

const plain = (status: number, text: string, headers: Record<string, string> = {}): Answer => ({
  status,
  text: `${text}\n`,
  headers,
})

const told = ({ ok, lines }: Verdict): Answer => plain(ok ? 200 : 503, lines.join('\n') || 'ok')

function send(request: IncomingMessage, response: ServerResponse, reply: Answer): void {
  const { status, text, type = 'text/plain; charset=utf-8', headers } = reply
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}
