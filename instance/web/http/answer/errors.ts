// What no route answers, and what goes wrong in one: pages for browsers, JSON for programs.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DoorRefused } from '../../../door/refuse.ts'
import { isDatabaseDown } from '../../../store/failures.ts'
import type { Web } from '../deps.ts'
import type { Shell } from '../shell.ts'
import { sendFailure } from './respond.tsx'

const wantsPage = (request: FastifyRequest): boolean => request.headers.accept?.includes('text/html') ?? false

export function registerErrorPages(app: FastifyInstance, web: Web): void {
  app.setNotFoundHandler((request, reply) =>
    answer(request, reply, web, 404, 'There is nothing at this address.'),
  )
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, web))
}

/** Whatever a route or hook of the whole server throws. Says what to do, and never what broke. */
function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  web: Web,
): Promise<FastifyReply> | FastifyReply {
  // A client that went away in the middle: nobody reads this, and its ECONNRESET would be taken for the database's.
  if (request.raw.errored && error === request.raw.errored) return reply.code(400).send()
  if (isDatabaseDown(error)) {
    request.log.warn({ err: error }, 'the database is down')
    reply.header('retry-after', '5')
    return answer(
      request,
      reply,
      web,
      503,
      'This part of the community cannot be reached right now. Try again in a few seconds.',
    )
  }
  if (error instanceof DoorRefused) return answer(request, reply, web, error.statusCode, error.message)
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500
  if (status >= 400 && status < 500) {
    return answer(request, reply, web, status, error instanceof Error ? error.message : 'Bad request')
  }
  request.log.error({ err: error, url: request.url }, 'a request failed')
  return answer(
    request,
    reply,
    web,
    500,
    'That is our fault, and it was noted. Try again, or tell your organiser.',
  )
}

async function answer(request: FastifyRequest, reply: FastifyReply, web: Web, status: number, text: string) {
  if (!wantsPage(request)) return reply.code(status).type('application/json').send({ error: text })
  return sendFailure(reply, await shellOrLess(request, web), status, text)
}

/** Even the frame of a page may need the database; without it nobody is known to be logged in. */
async function shellOrLess(request: FastifyRequest, web: Web): Promise<Shell> {
  const { instance, assets } = web
  try {
    return await web.shell(request)
  } catch {
    const { title, description, registration } = instance.homes.loaded
      ? instance.settings()
      : { title: instance.config.domain, description: '', registration: 'Closed' as const }
    const { domain, origin, ordinal } = instance.config
    const now = instance.clock()
    const rest = { several: false, me: undefined, neighbour: undefined, path: request.url, now, assets }
    return { title, description, registration, domain, origin, ordinal, ...rest }
  }
}
