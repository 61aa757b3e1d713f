// The internal port: health, figures, what siblings ask of each other, and requests that their doors hand over.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { DoorInstance } from '../../door/deps.ts'
import { whereIs, whereIsNow } from '../../door/locate.ts'
import { ASK_PATH } from '../../door/onward/forward.ts'
import { FORWARDED_HEADER, HOME_HEADER, readSubject } from '../../door/onward/headers.ts'
import type { Instance } from '../../instance.ts'
import { KEY_HEADER, ORDINAL_HEADER } from '../client.ts'
import { type FiguresInstance, registerFigures } from './figures.ts'

/** What the port itself uses of an instance; the parts may want more. */
export type InternalDeps = DoorInstance &
  FiguresInstance & {
    readonly config: Pick<Instance['config'], 'internalPort'>
    readonly homes: Pick<Instance['homes'], 'loaded'>
  }

/** Adds what a part answers to siblings, under `/internal/`. */
export type RegisterInternal<I> = (app: FastifyInstance, instance: I) => void | Promise<void>

export type InternalServer = {
  readonly port: number
  /** Takes no more connections, answers what was asked, and ends. */
  close(): Promise<void>
}

/**
 * Listens on the internal port. `publicApp` is the app with the door in front; it need not listen yet.
 * `parts` register what they answer to siblings; only requests with the community's key reach that.
 */
export async function startInternal<I extends InternalDeps>(
  instance: I,
  publicApp: FastifyInstance,
  options: { readonly parts: readonly RegisterInternal<I>[]; readonly port?: number; readonly host?: string },
): Promise<InternalServer> {
  const app = await buildInternalApp(instance, publicApp, options.parts)
  await publicApp.ready()
  const server = createServer((request, response) => {
    const isSibling = instance.siblings.accepts(request.headers[KEY_HEADER])
    if (isSibling) response.setHeader(ORDINAL_HEADER, String(instance.config.ordinal))
    // Only the marking is looked at here: the door checks the key, on whichever port a request comes.
    const handedOver = request.headers[FORWARDED_HEADER] !== undefined
    if (handedOver && !isSibling) {
      response.writeHead(403).end()
      return
    }
    if (handedOver) publicApp.routing(request, response)
    else app.routing(request, response)
  })
  server.keepAliveTimeout = 75_000
  server.requestTimeout = 60_000
  await listen(server, options.port ?? instance.config.internalPort, options.host ?? '::')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      await closed
      await app.close()
    },
  }
}

async function buildInternalApp<I extends InternalDeps>(
  instance: I,
  publicApp: FastifyInstance,
  parts: readonly RegisterInternal<I>[],
): Promise<FastifyInstance> {
  const logger: FastifyBaseLogger = instance.log
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 16 * 1024 * 1024,
  })
  const { lifecycle, metrics, gate } = publicApp
  const fill = registerFigures(metrics, instance)

  // That this is answered at all shows that the event loop turns; a database that is down must not restart the pod.
  app.get('/livez', async () => ({ alive: true }))
  app.get('/readyz', async (_request, reply) => {
    if (lifecycle.stopping) return reply.code(503).send({ ready: false, because: 'stopping' })
    if (!instance.homes.loaded) {
      return reply.code(503).send({ ready: false, because: 'the directory was not read yet' })
    }
    return { ready: true }
  })
  app.get('/metrics', async (_request, reply) => {
    await fill()
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })

  await app.register(async (inside) => {
    inside.decorateRequest('sibling', undefined)
    inside.addHook('onRequest', async (request, reply) => {
      if (!instance.siblings.accepts(request.headers[KEY_HEADER])) {
        return reply.code(403).send({ error: 'the internal key is missing or wrong' })
      }
      request.sibling = Number(request.headers[ORDINAL_HEADER])
      return undefined
    })
    inside.get(ASK_PATH, async (request, reply) => {
      const subject = readSubject(request.url.split('?', 2)[1] ?? '')
      if (!subject) return reply.code(400).send({ error: 'say handle=… or id=…' })
      const remembered = await whereIs(instance, subject)
      let place = remembered.at === 'home' ? await whereIsNow(instance, subject) : remembered
      // Who is just being moved would be sent away when the body has flowed.
      if (place.at === 'here' && gate) {
        const passes = await gate(subject, true)
        if (passes === 'undecided' || passes === 'unknown') return reply.code(503).send()
        if (passes === 'elsewhere') place = await whereIs(instance, subject)
      }
      if (place.at !== 'home') return reply.code(204).send()
      return reply.code(421).header(HOME_HEADER, String(place.ordinal)).send()
    })
    for (const register of parts) await register(inside, instance)
  })
  await app.ready()
  return app
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
