// Migrated databases that the tests' own are cloned from: cloning one is several times quicker than migrating it.
import { readdir, readFile } from 'node:fs/promises'
import pg from 'pg'

const MIGRATIONS = new URL('../../../instance/store/migrations/', import.meta.url)

export type DatabaseKind = 'directory' | 'instance'

/** The role without a log-in that may do in such a database what a home may. */
export const groupOf = (kind: DatabaseKind): string => `test_${kind}`

/** The name of a server's migrated, empty database of a kind, made by whoever asks first. `root`: its superuser. */
export async function templateOf(
  root: pg.Client,
  kind: DatabaseKind,
  url: (database: string) => string,
): Promise<string> {
  const name = `test_template_${kind}`
  const group = groupOf(kind)
  await root.query("SELECT pg_advisory_lock(hashtext('test templates'))")
  try {
    const { rows } = await root.query('SELECT FROM pg_database WHERE datname = $1', [name])
    if (rows.length > 0) return name
    const making = `${name}_new`
    await root.query(`DROP DATABASE IF EXISTS ${making}`)
    await root.query(`DROP ROLE IF EXISTS ${group}`)
    await root.query(`CREATE ROLE ${group} NOLOGIN`)
    await root.query(`CREATE DATABASE ${making}`)
    await migrate(url(making), kind)
    await root.query(`ALTER DATABASE ${making} RENAME TO ${name}`)
    return name
  } finally {
    await root.query("SELECT pg_advisory_unlock(hashtext('test templates'))")
  }
}

async function migrate(connectionString: string, kind: DatabaseKind): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query("SELECT set_config('hamlet.grantee', $1, false)", [groupOf(kind)])
  for (const file of (await readdir(new URL(`${kind}/`, MIGRATIONS))).sort()) {
    await client.query(await readFile(new URL(`${kind}/${file}`, MIGRATIONS), 'utf8'))
  }
  await client.end()
}
