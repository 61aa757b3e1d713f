// Is this the database that it is taken for? A wrong one would be filled with another community's people.
import type { Config } from '../config.ts'
import type { DirectoryDatabase, InstanceDatabase } from './database.ts'

export type Identity = { domain: string; prefix: string; ordinal: number }

/** A database that is empty, another community's, or another instance's. */
export class WrongDatabase extends Error {}

/** What is wrong with these databases for this instance, in words, or nothing. */
export function identityProblem(
  config: Pick<Config, 'domain' | 'ordinal'>,
  home: Identity | undefined,
  directory: Omit<Identity, 'ordinal'> | undefined,
): string | undefined {
  const wanted = `instance ${config.ordinal} of ${config.domain}`
  if (!home) return `the database of ${wanted} is empty: database-url names a wrong or a new database`
  if (!directory) return `the directory of ${config.domain} is empty: directory-url names a wrong database`
  if (home.domain !== config.domain || home.ordinal !== config.ordinal) {
    return `database-url names the database of instance ${home.ordinal} of ${home.domain}, not that of ${wanted}`
  }
  if (directory.domain !== config.domain) {
    return `directory-url names the directory of ${directory.domain}, not that of ${config.domain}`
  }
  if (directory.prefix !== home.prefix) {
    return (
      `database-url and directory-url belong to two different communities of ${config.domain} ` +
      `(${home.prefix} and ${directory.prefix})`
    )
  }
  return undefined
}

/** Throws WrongDatabase; a table that is missing counts as an empty database. */
export async function checkIdentity(
  config: Pick<Config, 'domain' | 'ordinal'>,
  db: InstanceDatabase,
  directory: DirectoryDatabase,
): Promise<void> {
  const [home, meta] = await Promise.all([
    db.selectFrom('identity').select(['domain', 'prefix', 'ordinal']).executeTakeFirst().catch(noTable),
    directory.selectFrom('meta').select(['domain', 'prefix']).executeTakeFirst().catch(noTable),
  ])
  const problem = identityProblem(config, home, meta)
  if (problem) throw new WrongDatabase(problem)
}

function noTable(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === '42P01') return undefined
  throw error
}
