// Scripts and styles of another version: while a rollout goes on, a page of one pod may ask them of another.
import type { FastifyInstance } from 'fastify'
import { LRUCache } from 'lru-cache'
import { SiblingUnreachable } from '../siblings/client.ts'
import type { DoorDeps } from './deps.ts'
import { answerHeaders, FORWARDED_HEADER } from './onward/headers.ts'

/** File names with a hash of their content; nothing else is worth asking for. */
const ASSET = /^\/assets\/[A-Za-z0-9_-][A-Za-z0-9._-]{5,120}$/
const LARGEST = 2 * 1024 * 1024
const TIMEOUT_MS = 2_000

/** An asset that is unknown here is fetched from the siblings, one after the other, before a 404 is given. */
export function registerAssets(app: FastifyInstance, deps: DoorDeps): void {
  // What nobody has is not asked for again at once, or anybody could make every instance ask every other.
  const nobodyHas = new LRUCache<string, true>({ max: 1000, ttl: 10_000 })

  app.addHook('onSend', async (request, reply, payload) => {
    const path = request.raw.url ?? ''
    const wanted = reply.statusCode === 404 && request.method === 'GET' && ASSET.test(path)
    if (!wanted || request.sibling !== undefined || nobodyHas.has(path)) return payload
    for (const { ordinal, state } of deps.homes.instances()) {
      if (ordinal === deps.config.ordinal || state === 'Retired') continue
      const found = await fetchFrom(deps, ordinal, path)
      if (!found) continue
      reply.code(200).removeHeader('content-length')
      for (const [name, value] of Object.entries(found.headers)) reply.header(name, value)
      return found.body
    }
    nobodyHas.set(path, true)
    return payload
  })
}

async function fetchFrom(deps: DoorDeps, ordinal: number, path: string) {
  try {
    const answer = await deps.siblings.send(ordinal, {
      method: 'GET',
      path,
      headers: { [FORWARDED_HEADER]: 'asset' },
      body: null,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headersTimeoutMs: TIMEOUT_MS,
    })
    if (answer.statusCode !== 200 || Number(answer.headers['content-length'] ?? 0) > LARGEST) {
      await answer.body.dump()
      return undefined
    }
    const body = Buffer.from(await answer.body.arrayBuffer())
    return { body, headers: answerHeaders(answer.headers) }
  } catch (error) {
    // Down, or cut off while it answered: the next one may have it.
    if (error instanceof SiblingUnreachable) deps.log.debug({ ordinal }, 'no assets from this sibling')
    return undefined
  }
}
