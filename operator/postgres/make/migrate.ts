// Brings the tables of a database to this version. Forward only; each migration is one transaction with its record.
import { createHash } from 'node:crypto'
import type { Migration, MigrationKind } from '../../../instance/store/migrations.ts'
import { Refused } from '../server/errors.ts'
import { GROUPS, OWNER } from '../server/names.ts'
import { literal, quote, type Session } from '../server/session.ts'

const hashOf = (sql: string): string => createHash('sha256').update(sql).digest('hex').slice(0, 16)

// A schema of its own: instances have no right on it, and their tables stay exactly what the migrations say.
const RECORD =
  'CREATE SCHEMA IF NOT EXISTS hamlet; CREATE TABLE IF NOT EXISTS hamlet.migrations (name text PRIMARY KEY, hash text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())'

/** What was applied, oldest first; undefined when this database was not made from a template of ours. */
export async function appliedMigrations(
  session: Session,
): Promise<{ name: string; hash: string }[] | undefined> {
  const [there] = await session.query<{ there: boolean }>(
    "SELECT to_regclass('hamlet.migrations') IS NOT NULL AS there",
  )
  if (!there?.there) return undefined
  return session.query<{ name: string; hash: string }>(
    'SELECT name, hash FROM hamlet.migrations ORDER BY name',
  )
}

/** Migrations still to run. Ones that a newer operator ran are left alone: they keep this version running. */
export function pendingMigrations(
  applied: readonly { name: string; hash: string }[],
  migrations: readonly Migration[],
): Migration[] {
  const done = new Map(applied.map(({ name, hash }) => [name, hash]))
  for (const { name, sql } of migrations) {
    const hash = done.get(name)
    if (hash !== undefined && hash !== hashOf(sql))
      throw new Refused({
        reason: 'MigrationFailed',
        message: `migration ${name} was applied in another form (${hash}, now ${hashOf(sql)}): run the operator version that made this database`,
      })
  }
  return migrations.filter(({ name }) => !done.has(name))
}

/** Runs what is pending, as the owner. Two operators at once wait for each other; a kill leaves whole migrations only. */
export async function migrate(
  session: Session,
  kind: MigrationKind,
  migrations: readonly Migration[],
): Promise<void> {
  await session.query(`SET ROLE ${quote(OWNER)}`)
  await session.query("SELECT set_config('hamlet.grantee', $1, false)", [GROUPS[kind]])
  await session.query("SELECT pg_advisory_lock(hashtextextended('hamlet migrations', 0))")
  if (!(await appliedMigrations(session))) await session.query(RECORD)
  for (const { name, sql } of pendingMigrations((await appliedMigrations(session)) ?? [], migrations)) {
    try {
      await session.query(
        `BEGIN;\n${sql}\n;INSERT INTO hamlet.migrations (name, hash) VALUES (${literal(name)}, ${literal(hashOf(sql))});\nCOMMIT`,
      )
    } catch (error) {
      await session.query('ROLLBACK').catch(() => undefined)
      if (error instanceof Error && 'severity' in error)
        throw new Refused({ reason: 'MigrationFailed', message: `migration ${name}: ${error.message}` })
      throw error
    }
  }
  await session.query("SELECT pg_advisory_unlock(hashtextextended('hamlet migrations', 0))")
  await session.query('RESET ROLE')
}
