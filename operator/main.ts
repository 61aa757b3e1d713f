// The operator: configuration, one leader, two controllers, a clean stop.

import { collectDefaultMetrics, Registry } from 'prom-client'
import { readMigrations } from '../instance/store/migrations.ts'
import { createReconcilers } from './apply/controllers.ts'
import { createMovers } from './apply/moving/movers.ts'
import { type Reach, reachInstances } from './apply/moving/reach.ts'
import { createRollouts } from './apply/waiting/rollouts.ts'
import { type Config, readConfig } from './config.ts'
import { type Connection, connect } from './kube/client/connection.ts'
import { createKube } from './kube/client/rest.ts'
import { createTransport } from './kube/client/transport.ts'
import { systemClock } from './kube/clock.ts'
import { createEvents } from './kube/events.ts'
import { createLeader, identityOf, urlOf } from './kube/lease.ts'
import { createKubeMetrics } from './kube/metrics.ts'
import { keyPool } from './postgres/directory/keys.ts'
import { prepare } from './postgres/prepared.ts'
import { openServer } from './postgres/server/session.ts'
import { createFigures } from './serve/figures.ts'
import { createHealth, notOlderThan } from './serve/health.ts'
import { createLogger } from './serve/logger.ts'
import { serve } from './serve/server.ts'
import { ensureAdminSecret } from './start/admin-secret.ts'
import { warmUp } from './start/warm-up.ts'
import { whyNotUninstall } from './uninstall.ts'
import { createControllers } from './watch.ts'

/** Sets of keys for communities to come. */
const KEYS_AHEAD = 3

/** Runs until `stop` aborts or leadership is lost; resolves with the exit code. Without `connection` it finds its own. */
export async function run(
  config: Config,
  stop: AbortSignal,
  connection?: Connection,
  log = createLogger(config.logLevel),
  listening: (port: number) => void = () => {},
  reach: Reach = reachInstances,
): Promise<number> {
  const clock = systemClock
  const random = Math.random
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const metrics = createKubeMetrics(registry)
  const transport = createTransport(connection ?? (await connect()), { clock, random, log, metrics })
  const kube = createKube(transport)
  const now = () => clock.date().getTime()
  const events = createEvents(
    { controller: 'hamlet.coop/operator', instance: config.pod },
    { kube, clock, random, log },
  )
  const prepared = prepare({
    instance: await readMigrations('instance'),
    directory: await readMigrations('directory'),
  })
  const keys = keyPool(KEYS_AHEAD)
  const rollouts = createRollouts(config.rollouts, now)
  const movers = createMovers({ now, random, log })
  const deps = {
    kube,
    config,
    random,
    now,
    events,
    keys,
    prepared,
    openServer,
    rollouts,
    movers,
    reach,
    log,
    figures: createFigures(registry),
  }
  const reconcilers = createReconcilers(deps)
  const controllers = createControllers({
    config,
    kube,
    reconcilers,
    rollouts,
    movers,
    clock,
    random,
    log,
    metrics,
  })
  const health = createHealth()
  health.live('watches', notOlderThan(600_000, controllers.age))
  health.ready('watches', () => (controllers.synced() ? undefined : 'not read yet'))

  const ended = Promise.withResolvers<number>()
  const leader = createLeader(
    {
      namespace: config.namespace,
      name: 'hamlet-operator',
      identity: identityOf(config.pod, config.address, config.port),
      // Shorter than usual, so that a killed leader is replaced within 15 s; `retryMs` leaves three tries to keep it.
      leaseMs: 10_000,
      renewDeadlineMs: 7_000,
      onLead: () => {
        keys.fill()
        void warmUp({ ...deps, clock }, log, stop)
        void controllers.start()
      },
      // What this process began cannot be called back; the next leader starts from what it finds.
      onLost: () => ended.resolve(1),
    },
    { kube, clock, random, log, metrics },
  )
  const served = await serve(
    {
      port: config.port,
      wake: controllers.wake,
      leader: () => (leader.leads() ? undefined : urlOf(leader.holder())),
    },
    { health, registry, clock, log },
  )
  listening(served.port)
  if (config.postgres?.mode === 'bundled') await ensureAdminSecret(kube, config)
  controllers.watch()
  leader.start()
  log.info({ namespace: config.namespace, watch: config.watch ?? 'all' }, 'started')
  stop.addEventListener('abort', () => ended.resolve(0), { once: true })
  if (stop.aborted) ended.resolve(0)

  const code = await ended.promise
  log.info({ code }, 'stopping')
  if (code === 0) {
    await controllers.stop()
    await movers.stop()
    await events.flush()
    // Given back after the last write, so that no other leads while this one still works.
    await leader.stop()
  }
  // With the Lease lost another leads: nothing is waited for, since this one must not write any more.
  if (code !== 0) {
    void movers.stop()
    await transport.close()
    void served.close()
    return code
  }
  await served.close()
  await transport.close()
  return code
}

/** `operator.js check-uninstall`: one look at the cluster; the exit code, with the reason told when it is not 0. */
async function checkUninstall(config: Config): Promise<number> {
  const log = createLogger(config.logLevel)
  const metrics = createKubeMetrics(new Registry())
  const transport = createTransport(await connect(), {
    clock: systemClock,
    random: Math.random,
    log,
    metrics,
  })
  try {
    const release = process.env.HAMLET_RELEASE ?? 'hamlet'
    const why = await whyNotUninstall({ namespaces: config.watch, release }, { kube: createKube(transport) })
    process.stdout.write(`${why ?? 'No Community is left: Hamlet may be uninstalled'}\n`)
    return why === undefined ? 0 : 1
  } finally {
    await transport.close()
  }
}

if (import.meta.main) {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  try {
    const config = readConfig(process.env)
    const code = process.argv[2] === 'check-uninstall' ? checkUninstall(config) : run(config, stop.signal)
    process.exit(await code)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
}
