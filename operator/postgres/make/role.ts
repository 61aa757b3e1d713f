// The role with which an instance opens one database: its name is the database's, its rights a group's.
import { createHash } from 'node:crypto'
import { sqlState } from '../server/errors.ts'
import { literal, quote, type Session } from '../server/session.ts'
import { scramVerifier } from './scram.ts'

/** What the role's comment says: which password it has, told by a hash. The password has 192 random bits. */
export const passwordMark = (password: string): string =>
  `hamlet password ${createHash('sha256').update(password).digest('hex').slice(0, 32)}`

/**
 * Makes the role, or gives an older one this password. One transaction: the comment never speaks of a password that the
 * role does not have. The connection limit holds two pods (a rollout) of every instance that shares the role.
 */
export async function ensureRole(
  session: Session,
  name: string,
  { group, password, connections }: { group: string; password: string; connections: number },
): Promise<void> {
  const verifier = literal(await scramVerifier(password))
  const settings = `LOGIN INHERIT PASSWORD ${verifier} CONNECTION LIMIT ${connections}`
  const rest = `GRANT ${quote(group)} TO ${quote(name)}; COMMENT ON ROLE ${quote(name)} IS ${literal(passwordMark(password))}; COMMIT`
  const there = await session.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name])
  const verb = there.length > 0 ? 'ALTER' : 'CREATE'
  try {
    await session.query(`BEGIN; ${verb} ROLE ${quote(name)} ${settings}; ${rest}`)
  } catch (error) {
    await session.query('ROLLBACK').catch(() => undefined)
    // Made by a statement of ours whose answer was lost and which came to its end only now.
    if (!['42710', '23505'].includes(sqlState(error))) throw error
    await session.query(`BEGIN; ALTER ROLE ${quote(name)} ${settings}; ${rest}`)
  }
}
