// What every part of an instance is given: nothing of it is global.
import type { Logger } from 'pino'
import type { KeyPool } from './accounts/credentials/keys.ts'
import type { Passwords } from './accounts/credentials/passwords.ts'
import type { Config } from './config.ts'
import type { Homes, Settings } from './directory/homes.ts'
import type { Egress } from './federation/egress/egress.ts'
import type { Wake } from './federation/wake.ts'
import type { Siblings } from './siblings/client.ts'
import type { DirectoryDatabase, InstanceDatabase } from './store/database.ts'

export type Instance = {
  readonly config: Config
  readonly db: InstanceDatabase
  readonly directory: DirectoryDatabase
  /** Who lives where, from memory. */
  readonly homes: Homes
  /** The Community's title, description, registration and limits, as last read from the directory. */
  readonly settings: () => Settings
  /** Keys every hash that ids come from; the same for all instances of a community, and never shown. */
  readonly secret: Buffer
  readonly egress: Egress
  readonly siblings: Siblings
  /** Tells the background workers that there is something to do. */
  readonly wake: Wake
  readonly passwords: Passwords
  /** Key pairs for new members. */
  readonly keys: KeyPool
  readonly clock: () => Date
  /** 0 ≤ random() < 1, for jitter. */
  readonly random: () => number
  readonly log: Logger
  /** The row of this process in `boots`, which is no longer just so when the database was restored under it. */
  readonly boot: string
}
