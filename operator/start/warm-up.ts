// What a new community would otherwise wait for, made before there is one: groups and templates on the shared server.
import type { Logger } from 'pino'
import { backoff, type Clock, sleep } from '../kube/clock.ts'
import { findShared, type ServerDeps } from '../observe/server.ts'
import { systemIdentifier } from '../postgres/server/probe.ts'
import { type Server, withSession } from '../postgres/server/session.ts'

/** Tries until it succeeds or `stop` aborts: PostgreSQL often starts after us. Meanwhile whoever needs a template makes it. */
export async function warmUp(
  deps: ServerDeps & { readonly clock: Clock; readonly random: () => number },
  log: Logger,
  stop: AbortSignal,
): Promise<void> {
  const { clock, random } = deps
  for (let attempt = 0; !stop.aborted; attempt++) {
    try {
      const server = await findShared(deps)
      if (server) await makeTemplates(deps, server)
      if (server) log.info('templates are ready')
      if (server || !deps.config.postgres) return
    } catch (error) {
      log.debug({ err: error }, 'no templates made ahead yet')
    }
    await sleep(clock, backoff(attempt, 500, 30_000, random), stop)
  }
}

async function makeTemplates({ prepared }: ServerDeps, server: Server): Promise<void> {
  await withSession(server, undefined, async (session) =>
    prepared.server(server, await systemIdentifier(session), session),
  )
  await Promise.all([prepared.template(server, 'directory'), prepared.template(server, 'instance')])
}
