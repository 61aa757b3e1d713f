// A database of a world put back to what it was, with everybody cut off as a restore cuts them off, and made whole
// again. Its few rows are read and written: quicker than copying a database, and nobody notices that a copy was taken.
import { sql } from 'kysely'
import type pg from 'pg'
import { asMember } from '../../../instance/store/as-member.ts'
import { askBooted } from '../../../instance/store/boots/boots.ts'
import { verifyResidents } from '../../../instance/store/boots/residents.ts'
import { rebuildDirectory } from '../../../operator/rebuild/perform.ts'
import { nameOf, orderFor, serverOf, type Which } from './copies.ts'
import type { Pod, World } from './world.ts'

/** By table, its rows as JSON. */
export type Copy = ReadonlyMap<string, string>

const poolOf = (world: World, which: Which): pg.Pool =>
  which === 'directory' ? world.directory : world.pod(which).admin

/** Reads all of a database as it is in one moment. */
export async function copyOf(world: World, which: Which): Promise<Copy> {
  const pool = poolOf(world, which)
  const { rows: tables } = await pool.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname IN ('public', 'carried')`,
  )
  const all = tables.map(
    ({ name }) => `SELECT '${name}' AS name, coalesce(json_agg(t), '[]')::text AS rows FROM ${name} t`,
  )
  const { rows } = await pool.query<{ name: string; rows: string }>(all.join(' UNION ALL '))
  return new Map(rows.map((row) => [row.name, row.rows]))
}

/** `goesOn`, of a directory: it is changed so often afterwards that nobody can tell by its revision. */
export async function putBack(
  world: World,
  which: Which,
  copy: Copy,
  { goesOn }: { readonly goesOn: boolean },
): Promise<void> {
  const name = nameOf(world, which)
  // From elsewhere: nobody may shut the database that they are connected to.
  const server = await serverOf(world).connect()
  try {
    // Of two at a time one would open what the other has shut.
    await server.query('SELECT pg_advisory_lock(hashtext($1))', [name])
    const client = await poolOf(world, which).connect()
    try {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      await server.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
      await server.query(
        'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1 AND pid <> $2',
        [name, rows[0]?.pid],
      )
      await client.query('BEGIN')
      await client.query('SET LOCAL session_replication_role = replica')
      for (const [table, held] of copy) {
        await client.query(`DELETE FROM ${table}`)
        await client.query(
          `INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(NULL::${table}, $1)`,
          [held],
        )
      }
      if (goesOn && which === 'directory') await client.query('UPDATE meta SET revision = revision + 1000')
      await client.query('COMMIT')
      client.release()
    } catch (error) {
      client.release(true)
      throw error
    }
  } finally {
    await server.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`).finally(() => server.end())
  }
}

/** What the operator does when a home has found the directory older than one it saw; it must hear of all homes. */
export async function rebuild(world: World): Promise<void> {
  if (!world.pods.some(({ instance }) => instance.homes.regressed)) return
  await rebuildDirectory(serverOf(world), orderFor(world))
}

/** What a home does that runs on and finds a directory that was made whole; false if it was not. */
export async function verify({ instance, ordinal }: Pod): Promise<boolean> {
  const { db, directory, homes, log } = instance
  await homes.refresh()
  if (!homes.regressed) await verifyResidents({ db, directory, homes, log, ordinal })
  return !homes.regressed
}

/** What a home does every few seconds: its boot row is not there as it was if its database was put back. */
export async function lookForBoot({ instance, home }: Pod): Promise<void> {
  if (!(await askBooted(instance.db, instance.boot))) await home.reboot()
}

/**
 * Ordinals of the homes that accept a member's writes at one moment: while one is held, what another does cannot be
 * the consequence of a move in between.
 */
export async function accepting(world: World, id: string): Promise<number[]> {
  const found: number[] = []
  const ask = async ([pod, ...others]: readonly Pod[]): Promise<void> => {
    if (!pod) return
    let asked = false
    const held = async () => {
      found.push(pod.ordinal)
      asked = true
      await ask(others)
    }
    // Who has died, or is cut off, accepts nothing.
    await (async () => {
      const { rows } = await sql<{
        epoch: number
      }>`SELECT epoch FROM members WHERE id = ${id}::bigint`.execute(pod.instance.db)
      const [row] = rows
      if (row) await asMember(pod.instance, { id, epoch: row.epoch }, held)
    })().catch(() => undefined)
    if (!asked) await ask(others)
  }
  await ask(world.pods)
  return found
}

/** What a home says of how many members it lacks, against who is lacking; nobody may be on the way. */
export async function misreported({ directory, pods }: World): Promise<string[]> {
  const { rows: living } = await directory.query<{ id: string; home: number; epoch: number }>(
    "SELECT id::text, home, epoch FROM members WHERE state = 'active'",
  )
  const said = await Promise.all(
    pods.map(async ({ ordinal, admin }) => {
      const wanted = living.filter(({ home }) => home === ordinal)
      const { rows } = await admin.query<{ missing: number; here: string[] }>(
        `SELECT missing, ARRAY(SELECT m.id::text FROM members m JOIN json_to_recordset($1) AS w(id bigint, epoch integer)
           ON w.id = m.id AND m.epoch >= w.epoch AND m.state NOT IN ('staged', 'leaving')) AS here FROM home`,
        [JSON.stringify(wanted)],
      )
      const lacking = wanted.length - (rows[0]?.here.length ?? 0)
      return rows[0]?.missing === lacking
        ? []
        : [`I12: instance ${ordinal} says that ${rows[0]?.missing} are missing, and ${lacking} are`]
    }),
  )
  return said.flat()
}
