// Members whom nobody has any more, and whom somebody has given up.

import { isRegression, type Seen } from '../../../instance/directory/regression.ts'
import { codeOf } from '../../../instance/store/boots/missing.ts'
import { Refused } from '../../postgres/server/errors.ts'
import { type Server, type Session, withSession } from '../../postgres/server/session.ts'
import { findCopies, type HomeDatabase } from './copies.ts'

/** Whether the home has seen a newer directory than this one. */
async function isOlder(session: Session, server: Server, home: string): Promise<boolean> {
  const read = async (from: Session, columns: string, table: string): Promise<Seen> => {
    const [row] = await from.query<{ incarnation: number; revision: string }>(
      `SELECT ${columns} FROM ${table}`,
    )
    return { incarnation: row?.incarnation ?? 0, revision: BigInt(row?.revision ?? 0) }
  }
  const seen = await withSession(server, home, (inside) =>
    read(inside, 'directory_incarnation AS incarnation, directory_revision::text AS revision', 'home'),
  )
  return isRegression(seen, await read(session, 'incarnation, revision::text', 'meta'))
}

/** Whoever is on the way may still arrive, and of whom there is a copy is brought back. */
async function refuseWhereTheyMayCome(
  session: Session,
  server: Server,
  given: { readonly home: HomeDatabase; readonly homes: readonly HomeDatabase[] },
  missing: readonly string[],
): Promise<void> {
  const refuse = (why: string) => {
    throw new Refused({
      reason: 'MembersMissing',
      message: `nobody was given up: of the members whom instance ${given.home.ordinal} lacks ${why}. Annotate again if others are missing after that`,
    })
  }
  const open = await session.query(
    "SELECT FROM moves WHERE member_id = ANY ($1::bigint[]) AND step <> ALL ('{switched,activated,done,undone}')",
    [missing],
  )
  if (open.length > 0) refuse(`${some(open.length)} being moved, and that comes to an end by itself`)
  const copies = await findCopies(server, session, given, missing)
  const holders = [...new Set(copies.map(({ ordinal }) => ordinal))]
  if (copies.length > 0)
    refuse(
      `${some(copies.length)} brought back without that as soon as it can be done, from what ${holders.length === 1 ? 'instance' : 'the instances'} ${holders.join(' and ')} kept`,
    )
}

const some = (count: number): string => (count === 1 ? 'one is' : `${count} are`)

/** A move that was switched can only finish: it led them to where they were lost, and holds a seat where they came from. */
async function letGoOf(session: Session, missing: readonly string[]): Promise<void> {
  await session.query(
    "UPDATE moves SET step = 'done', changed_at = now() WHERE member_id = ANY ($1::bigint[]) AND step IN ('switched', 'activated')",
    [missing],
  )
  await session.query("UPDATE members SET state = 'deleted', seated = false WHERE id = ANY ($1::bigint[])", [
    missing,
  ])
}

/**
 * Says of members who are missing in a home's database that they have left: their pages are gone, and their names are
 * never given again. Nothing happens when it is not just those of `code`: somebody came back meanwhile, or more are lost.
 * A move that led them there ends with it. Throws `MembersMissing` when some of them may still come back: they are on
 * their way, or one of `homes` has a copy of them; and what PostgreSQL throws when one of those does not answer.
 */
export async function giveUpMissing(
  server: Server,
  given: {
    readonly directory: string
    readonly home: HomeDatabase
    readonly homes: readonly HomeDatabase[]
    readonly code: string
  },
): Promise<void> {
  const { ordinal, name } = given.home
  await withSession(server, given.directory, async (session) => {
    await session.query('BEGIN')
    try {
      // Held from here on: nobody moves there or is brought back by a move.
      await session.query('UPDATE meta SET revision = revision + 1')
      const homed = await session.query<{ id: string; epoch: number }>(
        "SELECT id::text, epoch FROM members WHERE home = $1 AND state = 'active'",
        [ordinal],
      )
      const here = await withSession(server, name, (home) =>
        home.query<{ id: string; epoch: number }>(
          "SELECT id::text, epoch FROM members WHERE state NOT IN ('staged', 'leaving')",
        ),
      )
      const epochs = new Map(here.map(({ id, epoch }) => [id, epoch]))
      const missing = homed.filter(({ id, epoch }) => (epochs.get(id) ?? 0) < epoch).map(({ id }) => id)
      // An older directory homes people where they lived before.
      const same = codeOf(missing) === given.code && !(await isOlder(session, server, name))
      if (same) {
        await refuseWhereTheyMayCome(session, server, given, missing)
        await letGoOf(session, missing)
      }
      await session.query(same ? 'COMMIT' : 'ROLLBACK')
    } catch (error) {
      await session.query('ROLLBACK').catch(() => undefined)
      throw error
    }
  })
  // The instance counts again by itself; until then the code of those who were given up is not worked on twice.
  await withSession(server, name, (home) =>
    home.query("UPDATE home SET missing = 0, missing_code = '' WHERE missing_code = $1", [given.code]),
  )
}
