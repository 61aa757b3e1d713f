// From a configuration to an instance that may serve: right databases, directory read, residents verified.
import type { Logger } from 'pino'
import { makeKeyPool } from '../accounts/credentials/keys.ts'
import { makePasswords } from '../accounts/credentials/passwords.ts'
import type { Config } from '../config.ts'
import { openHomes } from '../directory/homes.ts'
import { createEgress } from '../federation/egress/egress.ts'
import { createWake } from '../federation/wake.ts'
import type { Instance } from '../instance.ts'
import { makeSiblings } from '../siblings/client.ts'
import { watchKeys } from '../siblings/keys.ts'
import { yieldToSiblings } from '../siblings/stays.ts'
import { type Boot, insertBoot } from '../store/boots/boots.ts'
import { type DirectoryTables, type InstanceTables, openDatabase } from '../store/database.ts'
import { untilUp } from '../store/failures.ts'
import { checkIdentity } from '../store/identity.ts'

export type Opened = {
  readonly instance: Instance
  readonly boot: Boot
  /** Connections to siblings, remote servers and databases, in the order to close them. */
  readonly pools: readonly (() => Promise<unknown>)[]
}

export type OpenDeps = {
  readonly log: Logger
  readonly clock: () => Date
  readonly random: () => number
  /** Ends the wait for a database that is down. */
  readonly signal: AbortSignal
  /** Called each time that PostgreSQL could not be reached. */
  readonly onFailure?: (error: unknown) => void
}

/** Throws WrongDatabase; waits, with full jitter, while PostgreSQL is down. */
export async function openInstance(config: Config, deps: OpenDeps): Promise<Opened> {
  const { log, clock, random } = deps
  const name = `hamlet ${config.domain} ${config.ordinal}`.slice(0, 63)
  let connected: (() => void) | undefined
  const db = openDatabase<InstanceTables>(config.databaseUrl, { name, onConnect: () => connected?.() })
  const directory = openDatabase<DirectoryTables>(config.directoryUrl, { name })
  const homes = openHomes({ directory, db, log, random })
  const { ordinal } = config
  const keys = watchKeys(config.internalKeyFile, { clock })
  const siblings = makeSiblings({ ordinal, keys, instances: homes.instances })
  const boot = await untilUp(async () => {
    await checkIdentity(config, db, directory)
    return insertBoot({
      db,
      directory,
      homes,
      ordinal,
      log,
      random,
      yieldToSiblings: () => yieldToSiblings({ db, homes, siblings, log, ordinal }),
    })
  }, deps)
  connected = boot.connected
  const egress = createEgress({ ...config.egress, userAgent: `Hamlet (+${config.origin}/)` })
  const secret = homes.secret()
  return {
    boot,
    pools: [() => siblings.close(), () => egress.close(), () => directory.destroy(), () => db.destroy()],
    instance: {
      config,
      db,
      directory,
      homes,
      settings: homes.settings,
      secret,
      egress,
      siblings,
      wake: createWake(),
      passwords: makePasswords(),
      keys: makeKeyPool(),
      clock,
      random,
      log,
      // Renewed from time to time, so it is read anew for every transaction.
      get boot() {
        return boot.id
      },
    },
  }
}
