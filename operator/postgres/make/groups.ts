// The roles that every database shares: one that owns, two that hold rights. Made once per server.
import { Refused, sqlState } from '../server/errors.ts'
import { GROUPS, OWNER } from '../server/names.ts'
import { quote, type Session } from '../server/session.ts'

/** Runs a statement that another operator may have run in the meantime. */
export async function unlessThere(session: Session, sql: string, states: readonly string[]): Promise<void> {
  try {
    await session.query(sql)
  } catch (error) {
    if (!states.includes(sqlState(error))) throw error
  }
}

/** duplicate_object, and unique_violation when two create at the same moment. */
const DUPLICATE = ['42710', '23505']

/**
 * Makes the owner and the two groups. From PostgreSQL 16 on a role that creates another may grant it but not use it,
 * so it grants the owner to itself: without that it could neither own a clone nor migrate one.
 */
export async function ensureGroups(session: Session): Promise<void> {
  const [me] = await session.query<{ createdb: boolean; createrole: boolean; version: number; name: string }>(
    `SELECT rolcreatedb OR rolsuper AS createdb, rolcreaterole OR rolsuper AS createrole, rolname AS name,
            current_setting('server_version_num')::int AS version
     FROM pg_roles WHERE rolname = current_user`,
  )
  if (!me?.createdb || !me.createrole)
    throw new Refused({
      reason: 'DatabaseRefused',
      message: `the PostgreSQL role ${me?.name} lacks ${me?.createdb ? 'CREATEROLE' : 'CREATEDB'}: ALTER ROLE ${me?.name} CREATEDB CREATEROLE`,
    })
  if (me.version < 150000)
    throw new Refused({
      reason: 'DatabaseRefused',
      message: `PostgreSQL ${Math.floor(me.version / 10000)} is too old: 15 or newer is needed`,
    })
  const there = new Set(
    (
      await session.query<{ rolname: string }>('SELECT rolname FROM pg_roles WHERE rolname = ANY ($1)', [
        [OWNER, ...Object.values(GROUPS)],
      ])
    ).map(({ rolname }) => rolname),
  )
  for (const name of [OWNER, ...Object.values(GROUPS)]) {
    if (!there.has(name)) await unlessThere(session, `CREATE ROLE ${quote(name)} NOLOGIN`, DUPLICATE)
  }
  const [use] = await session.query<{ usable: boolean }>(
    `SELECT pg_has_role(current_user, $1, '${me.version >= 160000 ? 'SET' : 'MEMBER'}')
        AND pg_has_role(current_user, $1, 'USAGE') AS usable`,
    [OWNER],
  )
  if (use?.usable) return
  const options = me.version >= 160000 ? ' WITH INHERIT TRUE, SET TRUE' : ''
  await session.query(`GRANT ${quote(OWNER)} TO CURRENT_USER${options}`)
}
