// Migrated, empty databases that new ones are cloned from in milliseconds: one per kind and version of the migrations.
import { type Migration, type MigrationKind, migrationsHash } from '../../../instance/store/migrations.ts'
import { sqlState } from '../server/errors.ts'
import { OWNER, templateName } from '../server/names.ts'
import { literal, quote, type Server, type Session, withSession } from '../server/session.ts'
import { migrate } from './migrate.ts'

async function isThere(session: Session, name: string): Promise<boolean> {
  const rows = await session.query(
    'SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate AND NOT datallowconn',
    [name],
  )
  return rows.length > 0
}

/**
 * Makes the template for these migrations and returns its name. It is built under another name and renamed when whole,
 * so that a kill never leaves a half one to clone. Nobody can connect to it: one open session on a template makes every
 * cloning fail.
 */
export async function ensureTemplate(
  server: Server,
  kind: MigrationKind,
  migrations: readonly Migration[],
): Promise<string> {
  const name = templateName(kind, migrationsHash(migrations))
  const building = `${name}_building`
  await withSession(server, undefined, async (session) => {
    if (await isThere(session, name)) return
    // Held by the session: a killed operator lets go of it by its death.
    await session.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [name])
    if (await isThere(session, name)) return
    // Left over from a kill between the renaming and what follows it.
    const half = await session.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
    if (half.length === 0) {
      await session.query(`DROP DATABASE IF EXISTS ${quote(building)} WITH (FORCE)`)
      await session.query(
        `CREATE DATABASE ${quote(building)} TEMPLATE template0 ENCODING 'UTF8' OWNER ${quote(OWNER)}`,
      )
      await session.query(`REVOKE ALL ON DATABASE ${quote(building)} FROM PUBLIC`)
      await withSession(server, building, (inside) => migrate(inside, kind, migrations))
      await whenUnused(() => session.query(`ALTER DATABASE ${quote(building)} RENAME TO ${quote(name)}`))
    }
    await session.query(
      `ALTER DATABASE ${quote(name)} ALLOW_CONNECTIONS false; ALTER DATABASE ${quote(name)} IS_TEMPLATE true`,
    )
    await session.query(
      `COMMENT ON DATABASE ${quote(name)} IS ${literal(`Hamlet clones ${kind} databases from this one.`)}`,
    )
  })
  return name
}

/** The backend of a session that has just ended takes a moment to leave. */
async function whenUnused(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await work()
      return
    } catch (error) {
      if (sqlState(error) !== '55006' || tries >= 50) throw error
      await new Promise((wake) => setTimeout(wake, 100))
    }
  }
}
