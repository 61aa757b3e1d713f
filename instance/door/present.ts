// A member may be let go of between the door and the answer, or be missing since a restore. What was read of nobody is no
// answer: not that something of theirs is not there, nor that they are not logged in, nor a page with nothing on it.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { DoorDeps } from './deps.ts'
import { textOf } from './refuse.ts'
import type { Subject } from './route.ts'

const READS = new Set(['GET', 'HEAD'])
/** What says that somebody, or something of theirs, is not there. Nothing was done then, whatever was asked. */
const DENIALS = new Set([401, 403, 404, 410])

/**
 * Looks once more for whom a request was about before it is answered, and gives 421 if they are not here, which the
 * door takes as it takes any. Returns how the door tells whom it serves here.
 */
export function answerForPresent(
  app: FastifyInstance,
  { isHere, homes, log }: DoorDeps,
): (request: FastifyRequest, subject: Subject | undefined) => void {
  const served = new WeakMap<FastifyRequest, Subject>()
  app.addHook('onSend', async (request, reply, payload) => {
    const subject = served.get(request)
    const denies = DENIALS.has(reply.statusCode)
    // Where there is one home nobody leaves while they are read. What was written is not denied.
    const reads = homes.instances().length > 1 && READS.has(request.method) && reply.statusCode < 400
    if (!isHere || !subject || !(denies || reads)) return payload
    const stays = await isHere(subject).catch((error: unknown) => {
      log.warn({ err: error }, 'whether a member is still here cannot be read')
      return false
    })
    if (stays) return payload
    for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name)
    reply.code(421).header('cache-control', 'no-store').type('text/plain; charset=utf-8')
    return textOf('home-down')
  })
  return (request, subject) => {
    if (subject) served.set(request, subject)
  }
}
