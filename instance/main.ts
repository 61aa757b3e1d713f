// The process of one instance.
import { networkInterfaces } from 'node:os'
import pino from 'pino'
import { ConfigError, readConfig } from './config.ts'
import { guardGlobalFetch } from './federation/egress/egress.ts'
import { startInstance } from './start/start.ts'
import { WrongDatabase } from './store/identity.ts'

const begun = performance.now()
const stopping = new AbortController()
const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime })

/** Nothing that a person can mend gets a stack trace. */
function giveUp(error: unknown): never {
  if (error instanceof ConfigError || error instanceof WrongDatabase) log.fatal(error.message)
  else log.fatal({ err: error }, 'the instance cannot start')
  process.exit(1)
}

try {
  const config = readConfig(process.env)
  log.level = config.logLevel
  const own = log.child({ community: config.domain, instance: config.ordinal })
  let ending = false
  const starting = startInstance(config, {
    log: own,
    clock: () => new Date(),
    random: Math.random,
    signal: stopping.signal,
    host: Object.values(networkInterfaces()).some((of) => of?.some(({ family }) => family === 'IPv6'))
      ? '::'
      : '0.0.0.0',
  })
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (ending) return
      ending = true
      stopping.abort()
      void starting
        .then(
          (running) => running.stop(),
          // It was still waiting for PostgreSQL.
          () => undefined,
        )
        .then(() => process.exit(0))
    })
  }
  const running = await starting
  guardGlobalFetch(running.instance.egress)
  own.info({ port: running.port, ms: Math.round(performance.now() - begun) }, 'ready')
} catch (error) {
  if (!stopping.signal.aborted) giveUp(error)
}
