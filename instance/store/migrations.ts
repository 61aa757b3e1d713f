// The SQL migrations, forward only, in the order of their names.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'

export type MigrationKind = 'instance' | 'directory'
export type Migration = { readonly name: string; readonly sql: string }

// The bundle keeps the same folder beside itself.
const FOLDER = new URL('./migrations/', import.meta.url)

/** All migrations of one kind of database, oldest first. */
export async function readMigrations(kind: MigrationKind): Promise<Migration[]> {
  const names = (await readdir(new URL(`${kind}/`, FOLDER))).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name) => ({ name, sql: await readFile(new URL(`${kind}/${name}`, FOLDER), 'utf8') })),
  )
}

/** Twelve hexadecimal digits that change with any byte of any migration: the name of the template made from them. */
export function migrationsHash(migrations: readonly Migration[]): string {
  const hash = createHash('sha256')
  for (const { name, sql } of migrations) hash.update(`${name}\0${sql}\0`)
  return hash.digest('hex').slice(0, 12)
}
