// The door: before anything else sees a request, it goes to the home of the member it is about.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { KEY_HEADER, ORDINAL_HEADER, type RawAnswer } from '../siblings/client.ts'
import { type Lifecycle, makeLifecycle } from '../siblings/lifecycle.ts'
import { type Metrics, makeMetrics } from '../siblings/port/metrics.ts'
import { registerAssets } from './assets.ts'
import type { DoorDeps, DoorInstance, Gate, IsHere } from './deps.ts'
import { type Place, whereIs, whereIsNow } from './locate.ts'
import { FORM_BYTES, handleOfForm, readBody } from './onward/body.ts'
import { makeForward } from './onward/forward.ts'
import { answerHeaders, FORWARDED_HEADER, HOME_HEADER, readSubject } from './onward/headers.ts'
import { answerForPresent } from './present.ts'
import { refuse } from './refuse.ts'
import { foldHandle, route, type Subject } from './route.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The ordinal of the sibling that sent this, if one did. */
    sibling: number | undefined
  }
  interface FastifyInstance {
    metrics: Metrics
    lifecycle: Lifecycle
    /** For siblings that ask before they send what can be sent only once. */
    gate: Gate | undefined
  }
}

type Found = { readonly place: Place; readonly subject: Subject | undefined; readonly body?: Buffer }

/**
 * Puts the door in front of every route of the public app. A request is handed on at most once: one that a sibling
 * sent, which only the community's key proves, is served here or answered with 421 before its body is read.
 */
export function registerDoor(
  app: FastifyInstance,
  instance: DoorInstance,
  { gate, isHere }: { readonly gate?: Gate; readonly isHere?: IsHere } = {},
): void {
  const metrics = makeMetrics()
  const lifecycle = makeLifecycle()
  const { config, homes, siblings, log } = instance
  const deps: DoorDeps = { config, homes, siblings, log, metrics, gate, isHere }
  const forward = makeForward(deps)
  const replays = new WeakMap<FastifyRequest, Buffer>()
  app.decorate('metrics', metrics)
  app.decorate('lifecycle', lifecycle)
  app.decorate('gate', gate)
  app.decorateRequest('sibling', undefined)
  const serves = answerForPresent(app, deps)

  app.addHook('onRequest', async (request, reply) => {
    if (lifecycle.stopping) reply.raw.setHeader('connection', 'close')
    const handed = takeHandover(request, deps)
    const found = handed?.subject ? await receive(deps, handed.subject) : await find(deps, request)
    if (found === 'too-large') {
      reply.header('connection', 'close')
      refuse(reply, { code: 'too-large' })
    }
    const { subject } = found
    if (found.body) replays.set(request, found.body)
    const place = await passGate(deps, request, reply, found)
    metrics.door.inc({ to: handed && place.at === 'home' ? 'misdirected' : place.at })
    if (place.at === 'nobody-knows') refuse(reply, { code: 'directory-down' })
    if (place.at === 'here') serves(request, subject)
    if (place.at !== 'home' || !subject) return undefined
    if (handed) {
      reply.header(HOME_HEADER, String(place.ordinal))
      refuse(reply, { code: 'not-here' })
    }
    const gone = goneSignal(reply)
    const done = await forward({
      raw: request.raw,
      subject,
      ordinal: place.ordinal,
      client: request.ip,
      body: found.body,
      signal: gone,
    })
    if (done.kind === 'refused') refuse(reply, done.refusal)
    if (done.kind === 'here') {
      if (done.body) replays.set(request, done.body)
      const now = await passGate(deps, request, reply, { place: { at: 'here' }, subject })
      if (now.at !== 'here') refuse(reply, { code: 'moving' })
      serves(request, subject)
      return undefined
    }
    await relay(reply, done.answer, lifecycle)
    return reply
  })

  app.addHook('preParsing', async (request, _reply, payload) => {
    const body = replays.get(request)
    return body ? Readable.from([body], { objectMode: false }) : payload
  })

  app.addHook('onSend', async (request, reply, payload) => {
    // Only the home itself could see that the member has just gone, and it has: siblings try again, clients are asked to.
    if (reply.statusCode !== 421 || request.sibling !== undefined) return payload
    void deps.homes.refresh().catch(() => undefined)
    reply.code(503).header('retry-after', '1')
    return payload
  })

  app.addHook('onResponse', async (request, reply) => {
    metrics.requests.observe(
      {
        method: request.method,
        route: request.routeOptions.url ?? 'none',
        status: `${Math.floor(reply.raw.statusCode / 100)}xx`,
      },
      reply.elapsedTime / 1000,
    )
  })

  registerAssets(app, deps)
}

const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Holds a request for somebody who is just being moved, before its body is read, and says where it goes then. */
async function passGate(
  deps: DoorDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { place, subject }: Found,
): Promise<Place> {
  if (!deps.gate || !subject || place.at !== 'here') return place
  switch (await deps.gate(subject, !READS.has(request.method))) {
    case 'here':
      return place
    case 'elsewhere':
      return whereIs(deps, subject)
    case 'undecided':
      return refuse(reply, { code: 'moving' })
    case 'unknown':
      return refuse(reply, { code: 'directory-down' })
  }
}

/** Where a client's request goes. */
async function find(deps: DoorDeps, request: FastifyRequest): Promise<Found | 'too-large'> {
  const { raw } = request
  const way = route(
    {
      method: request.method,
      url: raw.url ?? '/',
      cookie: raw.headers.cookie,
      authorization: raw.headers.authorization,
      domain: deps.config.domain,
    },
    deps.homes,
  )
  switch (way.to) {
    case 'anyone':
      return { place: { at: 'anywhere' }, subject: undefined }
    case 'home':
    case 'ask-directory':
      return { place: await whereIs(deps, way.subject), subject: way.subject }
    case 'form': {
      const body = await readBody(raw, FORM_BYTES)
      if (!body) return 'too-large'
      const handle = handleOfForm(raw.headers, body)
      // Nobody named: the log-in page of any instance says so.
      if (handle === undefined) return { place: { at: 'anywhere' }, subject: undefined, body }
      const subject = { handle: foldHandle(handle) }
      return { place: await whereIs(deps, subject), subject, body }
    }
  }
}

/**
 * Where a sibling's request goes: here, unless the directory itself says otherwise. Memory alone sends nobody away,
 * for the sibling may have read the directory later than we did; and without the directory we believe the sibling.
 */
async function receive(deps: DoorDeps, subject: Subject): Promise<Found> {
  const remembered = await whereIs(deps, subject)
  const place = remembered.at === 'home' ? await whereIsNow(deps, subject) : remembered
  return { place: place.at === 'nobody-knows' ? { at: 'here' } : place, subject }
}

/**
 * Whom a sibling handed this over for; undefined if no sibling did. Takes our own headers off every request, so that
 * no client can speak them.
 */
function takeHandover(
  request: FastifyRequest,
  deps: DoorDeps,
): { readonly subject: Subject | undefined } | undefined {
  const { headers } = request.raw
  const handed = headers[FORWARDED_HEADER]
  const trusted = typeof handed === 'string' && deps.siblings.accepts(headers[KEY_HEADER])
  if (trusted) request.sibling = Number(headers[ORDINAL_HEADER])
  for (const name of Object.keys(headers)) if (name.startsWith('x-hamlet-')) delete headers[name]
  return trusted ? { subject: readSubject(handed) } : undefined
}

/** Aborted when the client goes away before it was answered. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return gone.signal
}

/** Sends the home's answer on as it is. Cut off in the middle, so is ours: never a short answer that looks whole. */
async function relay(reply: FastifyReply, answer: RawAnswer, lifecycle: Lifecycle): Promise<void> {
  reply.hijack()
  const headers = answerHeaders(answer.headers)
  if (lifecycle.stopping) headers.connection = 'close'
  reply.raw.writeHead(answer.statusCode, headers)
  // An error here is either side going away; the pipeline has closed both.
  await pipeline(answer.body, reply.raw).catch(() => undefined)
}
