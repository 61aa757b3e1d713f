// The one way out: every request to a server that is not ours goes through here.
import { Agent, type Dispatcher, setGlobalDispatcher, fetch as undiciFetch } from 'undici'
import { hostMap, parseCidrs } from './addresses.ts'
import { guardedConnector, type Resolve } from './connect.ts'
import { EgressRefused } from './refused.ts'

export type EgressRequest = {
  readonly method?: 'GET' | 'POST'
  readonly body?: Uint8Array
  /**
   * The headers for this URL. Called again for every redirect, since a signature names its target.
   */
  readonly headers?: (url: URL) => Promise<Record<string, string>> | Record<string, string>
  /** Answers that are longer are refused. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
}

export type EgressResponse = {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
  /** Where the answer came from, after redirects. */
  readonly url: string
}

export type Egress = {
  /**
   * Sends a request and reads the whole answer.
   * @throws EgressRefused for what the rules forbid, anything else for what the network did
   */
  request(url: string | URL, request?: EgressRequest): Promise<EgressResponse>
  /** For clients that bring their own request code. */
  readonly dispatcher: Dispatcher
  close(): Promise<void>
}

export type EgressOptions = {
  /** CIDRs that are private but allowed. */
  readonly allow?: readonly string[]
  /** Name, or `*.suffix`, to address. */
  readonly hosts?: ReadonlyMap<string, string>
  readonly userAgent: string
  readonly timeoutMs?: number
  readonly resolve?: Resolve
}

const TIMEOUT_MS = 10_000
const MAX_BYTES = 1024 * 1024
const MAX_REDIRECTS = 3
const REDIRECTS = new Set([301, 302, 303, 307, 308])

export function createEgress(options: EgressOptions): Egress {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
  const dispatcher = new Agent({
    connect: guardedConnector({
      allow: parseCidrs(options.allow ?? []),
      hosts: hostMap(options.hosts ?? new Map()),
      timeoutMs,
      ...(options.resolve && { resolve: options.resolve }),
    }),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 10_000,
    connections: 4,
  })
  return {
    dispatcher,
    request: (url, request = {}) =>
      send(new URL(url), request, { dispatcher, timeoutMs, userAgent: options.userAgent }),
    close: () => dispatcher.destroy(),
  }
}

type Way = { readonly dispatcher: Dispatcher; readonly timeoutMs: number; readonly userAgent: string }

async function send(start: URL, request: EgressRequest, way: Way): Promise<EgressResponse> {
  // One limit over everything, redirects and slow bodies included.
  const limit = AbortSignal.timeout(way.timeoutMs)
  const signal = request.signal ? AbortSignal.any([limit, request.signal]) : limit
  let url = start
  for (let redirects = 0; ; redirects++) {
    assertUsable(url)
    const response = await undiciFetch(url.href, {
      method: request.method ?? 'GET',
      headers: { 'user-agent': way.userAgent, ...(await request.headers?.(url)) },
      ...(request.body && { body: request.body }),
      redirect: 'manual',
      dispatcher: way.dispatcher,
      signal,
    }).catch((error: unknown) => {
      // undici wraps what the connector said.
      throw error instanceof TypeError && error.cause instanceof EgressRefused ? error.cause : error
    })
    const location = response.headers.get('location')
    // A POST is never repeated elsewhere: its signature and its meaning are for one inbox.
    if (REDIRECTS.has(response.status) && location && (request.method ?? 'GET') === 'GET') {
      await response.body?.cancel()
      if (redirects >= MAX_REDIRECTS) throw new EgressRefused(`${start.href} redirects too often`)
      const next = URL.parse(location, url.href)
      if (!next) throw new EgressRefused(`${url.href} redirects to what is no URL`)
      url = next
      continue
    }
    return {
      status: response.status,
      headers: new Headers([...response.headers]),
      body: await read(response, request.maxBytes ?? MAX_BYTES),
      url: url.href,
    }
  }
}

function assertUsable(url: URL): void {
  if (url.protocol !== 'https:') throw new EgressRefused(`${url.href} is not https`)
  if (url.username || url.password) throw new EgressRefused(`${url.host}: no passwords in addresses`)
}

async function read(response: Awaited<ReturnType<typeof undiciFetch>>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  // Counted after decompression, so that a small answer cannot unpack into a huge one.
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new EgressRefused(`${response.url} answers with more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Makes the global `fetch`, which libraries use, take the same way. */
export function guardGlobalFetch(egress: Egress): void {
  setGlobalDispatcher(egress.dispatcher)
}
