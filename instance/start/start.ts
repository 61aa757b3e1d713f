// Starting everything that an instance runs, and ending it in the right order.
import type { AddressInfo } from 'node:net'
import { registerInternal as registerAccounts } from '../accounts/internal.ts'
import { startQueueCompletion } from '../accounts/sign-up/queue-worker.ts'
import type { Config } from '../config.ts'
import { reportPosts } from '../directory/figures.ts'
import { registerInternal as registerFederationInternal } from '../federation/internal.ts'
import { startLoop } from '../federation/loop.ts'
import { startFederationWorkers } from '../federation/workers.ts'
import type { Instance } from '../instance.ts'
import { registerMoves } from '../move/internal.ts'
import { startTending } from '../move/tend.ts'
import { registerTies } from '../move/ties/ties.ts'
import { buildPublicApp } from '../server.ts'
import { collectProcess } from '../siblings/port/metrics.ts'
import { startInternal } from '../siblings/port/server.ts'
import { registerStays } from '../siblings/stays.ts'
import { type StopTimes, stopGracefully } from '../siblings/stop.ts'
import { startWake } from '../siblings/wake.ts'
import { holdPorts } from './holding.ts'
import { type OpenDeps, openInstance } from './open.ts'

/** So old may the number of posts be that the community tells of itself. */
const FIGURES_EVERY_MS = 300_000

export type Running = {
  readonly instance: Instance
  /** Where the public and the internal port listen. */
  readonly port: number
  readonly internalPort: number
  stop(times?: StopTimes): Promise<void>
}

/** Resolves when the instance is ready: both ports listen and the directory was read. */
export async function startInstance(
  config: Config,
  deps: Omit<OpenDeps, 'onFailure'> & { readonly host: string },
): Promise<Running> {
  const { log, host } = deps
  let holding: ReturnType<typeof holdPorts> | undefined
  const { instance, boot, pools } = await openInstance(config, {
    ...deps,
    onFailure: (error) => {
      log.warn({ err: error }, 'PostgreSQL cannot be reached; trying again')
      holding ??= holdPorts(config, host)
      // Reported where it is awaited.
      holding.catch(() => undefined)
    },
  }).finally(async () => (await holding)?.close())

  const publicApp = await buildPublicApp(instance)
  const internal = await startInternal(instance, publicApp, {
    host,
    parts: [registerAccounts, registerFederationInternal, registerMoves, registerTies, registerStays],
  })
  await publicApp.listen({ port: config.publicPort, host })
  collectProcess(publicApp.metrics)
  const workers = [
    instance.homes.poll(),
    boot.guard(),
    startQueueCompletion(instance),
    startFederationWorkers(instance),
    startLoop({
      step: async () => {
        await reportPosts(instance)
        return false
      },
      pollMs: FIGURES_EVERY_MS,
      random: instance.random,
      onError: (error) => log.warn({ err: error }, 'the posts could not be counted'),
    }),
    startTending(instance),
    startWake({ homes: instance.homes, wakeUrl: config.wakeUrl, log }),
  ]
  // Nobody waits for a key yet, so it is time to make some.
  instance.keys.fill()

  return {
    instance,
    port: (publicApp.server.address() as AddressInfo).port,
    internalPort: internal.port,
    stop: (times) =>
      stopGracefully(
        { lifecycle: publicApp.lifecycle, servers: [publicApp, internal], workers, pools, log },
        times,
      ),
  }
}
