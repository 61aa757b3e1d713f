// What becomes of pending rows: the directory knows whether their sign-up was committed, is under way, or was given up.
import { sql } from 'kysely'
import { changeFor } from '../../directory/change.ts'
import { isRegression } from '../../directory/regression.ts'
import { expirePending } from '../../directory/seats/seats.ts'
import type { Instance } from '../../instance.ts'
import { refuse } from '../../refusal.ts'

type Verdict = 'activate' | 'drop' | 'leave'

/**
 * What to do with a pending row of `ordinal`, by the directory's row of the same id, read after it. Nobody moves who is
 * pending: one who lives elsewhere by now was active here in between, and the row comes from a call that was late, or
 * from a restore.
 */
export function verdict(found: { state: string; home: number } | undefined, ordinal: number): Verdict {
  if (!found) return 'drop'
  if (found.state !== 'active') return 'leave'
  return found.home === ordinal ? 'activate' : 'drop'
}

/**
 * Frees seats in the directory whose time is over, then finishes or removes what this home still has as pending.
 * In that order: a row that is removed here first could still be committed there.
 */
export async function settlePending(instance: Instance): Promise<void> {
  await expireSeats(instance)
  const pending = await instance.db
    .selectFrom('members')
    .select('id')
    .where('state', '=', 'pending')
    .execute()
  if (pending.length === 0) return
  const ids = pending.map((row) => row.id)
  // One statement is one snapshot: the rows and the revision they belong to.
  const { rows } = await sql<{
    incarnation: number
    revision: string
    id: string | null
    state: string
    home: number
  }>`
    SELECT meta.incarnation, meta.revision, members.id, members.state, members.home
    FROM meta LEFT JOIN members ON members.id = ANY (${ids}::bigint[])`.execute(instance.directory)
  const [meta] = rows
  if (!meta || instance.homes.regressed) return
  // In a directory from before the sign-up, a missing row proves nothing.
  if (isRegression(instance.homes, { ...meta, revision: BigInt(meta.revision) })) return
  for (const id of ids) {
    const found = rows.find((row) => row.id === id)
    const what = verdict(found, instance.config.ordinal)
    if (what === 'activate') {
      await activate(instance, id)
      await instance.homes.freshById(id)
    } else if (what === 'drop') await dropPending(instance, id, found ? 'elsewhere' : 'nobody')
  }
}

async function expireSeats(instance: Instance): Promise<void> {
  const late = await instance.directory
    .selectFrom('members')
    .select('id')
    .where('state', '=', 'pending')
    .where('expires_at', '<', sql<Date>`now()`)
    .limit(1)
    .executeTakeFirst()
  if (!late) return
  // Another instance may have been quicker; then the revision need not be raised.
  await changeFor(instance, async (tx) => ((await expirePending(tx)) > 0 ? true : refuse('not-found')))
}

/** Only after the directory said `active`. */
export async function activate({ db }: Pick<Instance, 'db'>, id: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`SELECT pg_advisory_xact_lock_shared(${id}::bigint)`.execute(tx)
    await tx
      .updateTable('members')
      .set({ state: 'active', signup_token: null })
      .where('id', '=', id)
      .where('state', '=', 'pending')
      .execute()
  })
}

/** Only after the directory no longer has the seat. What is known here of somebody who lives elsewhere stays. */
export async function dropPending(
  { db }: Pick<Instance, 'db'>,
  id: string,
  who: 'nobody' | 'elsewhere' = 'nobody',
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`SELECT pg_advisory_xact_lock_shared(${id}::bigint)`.execute(tx)
    const gone = await tx
      .deleteFrom('members')
      .where('id', '=', id)
      .where('state', '=', 'pending')
      .returning('id')
      .executeTakeFirst()
    if (gone && who === 'nobody') await tx.deleteFrom('accounts').where('id', '=', id).execute()
  })
}
