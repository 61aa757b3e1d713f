// The end of a retired instance's database: dropped, or kept for whoever wants to look into it.
import { isDrained } from '../../decide/instances/drained.ts'
import { readHome } from '../home.ts'
import { Refused, sqlState } from '../server/errors.ts'
import { quote, type Server, withSession } from '../server/session.ts'
import { dropDatabase } from './database.ts'
import { isIdentified } from './identified.ts'

/**
 * `keep`: it stays, and its role cannot log in any more, so that its connections are free for others. Throws `Refused`
 * where somebody lives or something is left: another database was put in its place since it was looked at; so it does for
 * one that is to go and does not say whose it is. One that is gone already is no error.
 */
export async function retireDatabase(
  server: Server,
  { name, keep }: { readonly name: string; readonly keep: boolean },
): Promise<void> {
  try {
    const empty = await withSession(server, name, async (session) =>
      (await isIdentified(session, 'instance')) ? isDrained(await readHome(session)) : keep,
    )
    if (!empty)
      throw new Refused({
        reason: 'Occupied',
        message: `database ${name} of a retired instance is not empty: it is left as it is`,
      })
  } catch (error) {
    // There is none (invalid_catalog_name), or it is being dropped (object_not_in_prerequisite_state).
    if (!['3D000', '55000'].includes(sqlState(error))) throw error
  }
  if (!keep) return dropDatabase(server, name)
  await withSession(server, undefined, async (session) => {
    const [there] = await session.query('SELECT FROM pg_roles WHERE rolname = $1', [name])
    if (there) await session.query(`ALTER ROLE ${quote(name)} NOLOGIN CONNECTION LIMIT 0`)
  })
}
