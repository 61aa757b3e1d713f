// One database of a community: cloned from a template, closed to everybody but its own role, and marked with whose it is.
import type { MigrationKind } from '../../../instance/store/migrations.ts'
import { Refused, sqlState } from '../server/errors.ts'
import { GROUPS, OWNER } from '../server/names.ts'
import { literal, quote, type Server, type Session, withSession } from '../server/session.ts'
import { ensureRole, passwordMark } from './role.ts'

export type DatabaseWish = {
  readonly name: string
  readonly kind: MigrationKind
  readonly template: string
  readonly password: string
  /** The claim says that it was made: then it is never made again, for an empty one would look like a new community. */
  readonly existed: boolean
  /** Connections of its role at most. */
  readonly connections: number
}

/** What the server's catalogs say of a database and its role. */
export type DatabaseFacts = {
  readonly there: boolean
  /** Closed to the public, open to its role, and the role has this password and this many connections. */
  readonly ready: boolean
}

/** Reads the catalogs only: nothing is connected to, nothing changes. */
export async function inspectDatabase(
  session: Session,
  { name, kind, password, connections }: Pick<DatabaseWish, 'name' | 'kind' | 'password' | 'connections'>,
): Promise<DatabaseFacts> {
  const [row] = await session.query<{
    there: boolean
    open: boolean | null
    owned: boolean
    public_connects: boolean | null
    role_connects: boolean | null
    grouped: boolean | null
    mark: string | null
    connections: number | null
  }>(
    `SELECT d.oid IS NOT NULL AS there, d.datallowconn AS open, pg_get_userbyid(d.datdba) = $2 AS owned,
       (SELECT bool_or(a.grantee = 0 AND a.privilege_type IN ('CONNECT', 'TEMPORARY')) FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a) AS public_connects,
       (SELECT bool_or(a.grantee = r.oid AND a.privilege_type = 'CONNECT') FROM aclexplode(d.datacl) a) AS role_connects,
       (SELECT pg_has_role(r.oid, g.oid, 'USAGE') FROM pg_roles g WHERE g.rolname = $3) AS grouped,
       shobj_description(r.oid, 'pg_authid') AS mark, r.rolconnlimit AS connections
     FROM (SELECT $1::name AS name) w
     LEFT JOIN pg_database d ON d.datname = w.name
     LEFT JOIN pg_roles r ON r.rolname = w.name`,
    [name, OWNER, GROUPS[kind]],
  )
  if (!row?.there) return { there: false, ready: false }
  const ready =
    row.open === true &&
    row.owned &&
    row.public_connects === false &&
    row.role_connects === true &&
    row.grouped === true &&
    row.connections === connections &&
    row.mark === passwordMark(password)
  return { there: true, ready }
}

/**
 * Makes the role and the database, or finishes what a kill interrupted. The clone is born closed: cloning drops the
 * REVOKE of the template, and whoever got in before it was repeated would stay in.
 */
export async function ensureDatabase(server: Server, wish: DatabaseWish): Promise<void> {
  const { name, kind, template, password, existed, connections } = wish
  await withSession(server, undefined, async (session) => {
    const facts = await inspectDatabase(session, wish)
    if (facts.ready) return
    if (existed && !facts.there) throw new Refused(missing(server, name))
    await ensureRole(session, name, { group: GROUPS[kind], password, connections })
    if (!facts.there) {
      try {
        await session.query(
          `CREATE DATABASE ${quote(name)} TEMPLATE ${quote(template)} OWNER ${quote(OWNER)} ALLOW_CONNECTIONS false`,
        )
      } catch (error) {
        // An earlier attempt, whose answer was lost, ended only now.
        if (!['42P04', '23505'].includes(sqlState(error))) throw error
      }
    }
    await session.query(
      `BEGIN; REVOKE ALL ON DATABASE ${quote(name)} FROM PUBLIC; GRANT CONNECT ON DATABASE ${quote(name)} TO ${quote(name)}; ALTER DATABASE ${quote(name)} ALLOW_CONNECTIONS true; COMMIT`,
    )
  })
}

export const missing = (server: Server, name: string) =>
  ({
    reason: 'DataMissing',
    message: `database ${name} is not in PostgreSQL at ${server.credentials.host}:${server.credentials.port}, though it was made: restore it there, or point to the server that has it. Nothing is made anew`,
  }) as const

/** Ends all sessions of the database, drops it and its role. Nothing happens when they are gone already. */
export async function dropDatabase(server: Server, name: string): Promise<void> {
  await withSession(server, undefined, async (session) => {
    const [there] = await session.query<{ database: boolean; role: boolean; member: boolean | null }>(
      `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) AS database,
              EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS role,
              (SELECT pg_has_role(current_user, oid, 'USAGE') FROM pg_roles WHERE rolname = $1) AS member`,
      [name],
    )
    if (there?.database) {
      await session.query(`ALTER DATABASE ${quote(name)} ALLOW_CONNECTIONS false`)
      // Only a member of a role may end its sessions, and a pod that was killed leaves some.
      if (there.role && !there.member) await session.query(`GRANT ${quote(name)} TO CURRENT_USER`)
      // Not by FORCE, which refuses as long as autovacuum is in there: a plain DROP sends that away and waits for the rest.
      await session.query(
        `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_roles r ON r.rolname = a.usename
         WHERE a.datname = $1 AND a.pid <> pg_backend_pid() AND pg_has_role(current_user, r.oid, 'USAGE')`,
        [name],
      )
      await session.query(`DROP DATABASE IF EXISTS ${quote(name)}`)
    }
    if (there?.role) await session.query(`DROP ROLE IF EXISTS ${quote(name)}`)
  })
}

/** Names of all databases and roles of a community, whatever the operator remembers of them. */
export async function databasesOf(session: Session, prefix: string): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT datname AS name FROM pg_database WHERE datname ~ ${literal(`^${prefix}_([0-9]+|directory)$`)}
     UNION SELECT rolname FROM pg_roles WHERE rolname ~ ${literal(`^${prefix}_([0-9]+|directory)$`)} ORDER BY 1`,
  )
  return rows.map(({ name }) => name)
}
