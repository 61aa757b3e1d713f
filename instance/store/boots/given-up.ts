// Members who were given up though others have their name now: the directory knows them by their id alone.
import { sql } from 'kysely'
import type { Homes } from '../../directory/homes.ts'
import type { InstanceDatabase, InstanceTransaction } from '../database.ts'

const MARK = '~'

/** Stands in the directory for a name that somebody else has. Nobody can sign up under it. */
export const namelessHandle = (id: string): string => `${MARK}${id}`

/** Whether a member has left without their name. */
export const isNameless = ({ handle }: { readonly handle: string }): boolean => handle.startsWith(MARK)

/**
 * Forgets what is kept here of people who left without their names and do not live here, with all that they wrote:
 * their address is somebody else's, who could not be known here otherwise.
 */
export async function forgetNameless(
  db: InstanceDatabase | InstanceTransaction,
  homes: Pick<Homes, 'all'>,
): Promise<void> {
  const ids = [...homes.all()].filter(isNameless).map(({ id }) => id)
  if (ids.length === 0) return
  await sql`DELETE FROM accounts WHERE id = ANY (${ids}::bigint[])
    AND NOT EXISTS (SELECT FROM members WHERE members.id = accounts.id)`.execute(db)
}
