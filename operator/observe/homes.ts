// What the homes of a community have seen of its directory: one that is older was restored.
import { isRegression, type Seen } from '../../instance/directory/regression.ts'
import { type Claim, ordinalsOf } from '../build/data/claim.ts'
import { databaseName } from '../build/names.ts'
import { explain } from '../postgres/server/errors.ts'
import { type Server, withSession } from '../postgres/server/session.ts'

export type SeenByHomes = {
  /** The newest directory that any of them knew; undefined when none answered. */
  readonly newest: Seen | undefined
  /** Those that gave no answer, and why. */
  readonly silent: readonly { readonly ordinal: number; readonly message: string }[]
}

/** Asks the databases themselves, so that pods may run or not. Throws what is no doing of PostgreSQL's. */
export async function askHomes(
  server: Server,
  claim: Pick<Claim, 'prefix' | 'made' | 'retired'>,
): Promise<SeenByHomes> {
  let newest: Seen | undefined
  const silent: { ordinal: number; message: string }[] = []
  for (const ordinal of ordinalsOf(claim)) {
    try {
      const [home] = await withSession(server, databaseName(claim.prefix, ordinal), (session) =>
        session.query<{ incarnation: number; revision: string }>(
          'SELECT directory_incarnation AS incarnation, directory_revision::text AS revision FROM home',
        ),
      )
      if (!home) {
        silent.push({ ordinal, message: 'its database is empty' })
        continue
      }
      const seen = { incarnation: home.incarnation, revision: BigInt(home.revision) }
      if (!newest || isRegression(seen, newest)) newest = seen
    } catch (error) {
      const refusal = explain(error, server.credentials)
      if (!refusal) throw error
      silent.push({ ordinal, message: refusal.message })
    }
  }
  return { newest, silent }
}
