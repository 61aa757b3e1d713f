// Empties databases that were used: quicker than making new ones, and than TRUNCATE, which makes new files.
import type pg from 'pg'

/** What a database is, and who runs on it, outlives the people in it. */
const KEPT = ['identity', 'home', 'boots']

/** All homes have the same tables. */
let statements: Promise<string> | undefined

/** Takes every row out of a home. `db`: as the superuser, for nothing is to be counted, noted or checked meanwhile. */
export async function emptyHome(db: pg.Pool): Promise<void> {
  statements ??= deletes(db)
  await db.query(await statements)
}

async function deletes(db: pg.Pool): Promise<string> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname IN ('public', 'carried') AND c.relname <> ALL ($1)`,
    [KEPT],
  )
  return [
    'BEGIN',
    'SET LOCAL session_replication_role = replica',
    ...rows.map(({ name }) => `DELETE FROM ${name}`),
    'UPDATE home SET residents = 0, high_water = 0',
    'COMMIT',
  ].join(';')
}

/** Takes people and moves out of a directory, whose triggers give the seats back. */
export async function emptyDirectory(db: pg.Pool): Promise<void> {
  await db.query('DELETE FROM moves; DELETE FROM members; DELETE FROM rate_limits; DELETE FROM rebalances')
}
