// Members whom nobody has any more, and whom somebody has given up.
import { codeOf } from '../../instance/store/boots/missing.ts'
import { type Server, withSession } from '../postgres/server/session.ts'

/**
 * Says of members who are missing in a home's database that they have left: their pages are gone, and their names are
 * never given again. Nothing happens when it is not just those of `code`: somebody came back meanwhile, or more are lost.
 */
export async function giveUpMissing(
  server: Server,
  given: {
    readonly directory: string
    readonly home: { readonly ordinal: number; readonly name: string }
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
      const same = codeOf(missing) === given.code
      if (same)
        await session.query(
          "UPDATE members SET state = 'deleted', seated = false WHERE id = ANY ($1::bigint[])",
          [missing],
        )
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
