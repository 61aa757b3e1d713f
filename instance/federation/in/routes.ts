// POST /inbox and /users/<handle>/inbox.
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Instance } from '../../instance.ts'
import { type Answer, receive } from './receive.ts'

const MIB = 1024 * 1024
const RETRY_AFTER_S = 60

export async function registerInboxes(app: FastifyInstance, instance: Instance): Promise<void> {
  // A scope of its own: the body must stay the bytes that were signed, whatever other parsers the server has.
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      ['application/activity+json', 'application/ld+json', 'application/json'],
      { parseAs: 'buffer', bodyLimit: MIB },
      (_request, body, done) => done(null, body),
    )
    scope.post('/inbox', { bodyLimit: MIB }, async (request, reply) =>
      send(reply, await receive(instance, delivery(request))),
    )
    scope.post<{ Params: { handle: string } }>(
      '/users/:handle/inbox',
      { bodyLimit: MIB },
      async (request, reply) =>
        send(
          reply,
          await receive(instance, { ...delivery(request), recipient: request.params.handle.toLowerCase() }),
        ),
    )
  })
}

const delivery = (request: {
  readonly raw: { readonly url?: string | undefined }
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
}) => ({
  url: request.raw.url ?? '/',
  headers: request.headers,
  body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
})

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  if (answer.status === 503) reply.header('retry-after', String(RETRY_AFTER_S))
  reply.code(answer.status).type('text/plain; charset=utf-8')
  return reply.send(answer.why ?? '')
}
