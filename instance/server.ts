// The public server: the door in front, then who is asking, then federation, then the pages.
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { registerSessions } from './accounts/session.ts'
import { registerDoor } from './door/register.ts'
import { registerFederation } from './federation/register.ts'
import type { Instance } from './instance.ts'
import { makeGate, makeIsHere } from './move/gate.ts'
import { prepareWeb, registerWeb } from './web/web.tsx'

/**
 * Everything the community's domain answers, in the order that decides who sees a request first. Not yet listening.
 * The ingress in front is trusted for `X-Forwarded-*`: the pod's port is reached by nobody else.
 */
export async function buildPublicApp(instance: Instance): Promise<FastifyInstance> {
  const logger: FastifyBaseLogger = instance.log
  const app: FastifyInstance = Fastify({
    // The ingress, or the sibling's door, is the only hop before us: what it appended last is the client. Trusting
    // more would let anybody choose the address that their tries are counted under.
    trustProxy: (_address, hop) => hop === 0,
    bodyLimit: 1024 * 1024,
    routerOptions: { ignoreTrailingSlash: true },
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: 60_000,
    connectionTimeout: 0,
    keepAliveTimeout: 75_000,
    // What was asked before the end is answered like everything else: the databases are closed last.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  })
  const web = prepareWeb(app, instance)
  registerDoor(app, instance, { gate: makeGate(instance), isHere: makeIsHere(instance) })
  await registerSessions(app, instance)
  await registerFederation(app, instance)
  await registerWeb(app, web)
  return app
}
