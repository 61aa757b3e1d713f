// People whom a restore of this database brought back though they live elsewhere: their rows are kept, their seats freed.
import { sql } from 'kysely'
import type { Home } from '../../directory/homes.ts'
import { isSameStay } from '../../directory/incarnation.ts'
import { lastSwitched } from '../../directory/moves/read.ts'
import type { InstanceTransaction } from '../../store/database.ts'
import { isDatabaseDown } from '../../store/failures.ts'
import type { LocalMove, MoveDeps } from '../fence.ts'
import { columnsOf } from '../rows/columns.ts'
import { keepAndLetGo } from './demote.ts'

type Leaver = { readonly id: string; readonly epoch: number }

/**
 * Lets go of everybody who is `leaving` here, by what the directory says now. As after a move: if the home that they
 * went to should lose them, what was kept here brings them back. Whoever has nowhere to go stays. Doing it again changes
 * nothing.
 */
export async function letLeaversGo(deps: MoveDeps): Promise<void> {
  const leavers = await deps.db
    .selectFrom('members')
    .select(['id', 'epoch'])
    .where('state', '=', 'leaving')
    .execute()
  for (const leaver of leavers) {
    const home = await deps.homes.freshById(leaver.id)
    if (deps.homes.regressed) return
    if (!home || home.epoch <= leaver.epoch) continue
    try {
      if (staysHere(deps, home, leaver)) await keepHere(deps, leaver)
      else await letGo(deps, leaver)
    } catch (error) {
      // One who cannot be let go of keeps nobody else from it, and nobody from being brought back.
      if (isDatabaseDown(error)) throw error
      deps.log.error({ err: error }, 'somebody who lives elsewhere could not be let go of yet')
    }
  }
}

/**
 * The directory in which they had left was lost, and the one that was rebuilt since, from what all homes say, has them
 * here: it has given their stay another number, as no other directory would.
 */
const staysHere = ({ config }: MoveDeps, home: Home, leaver: Leaver): boolean =>
  home.home === config.ordinal && home.state === 'active' && isSameStay(home.epoch, leaver.epoch)

async function keepHere(deps: MoveDeps, { id, epoch }: Leaver): Promise<void> {
  await deps.db
    .updateTable('members')
    .set({ state: 'active' })
    .where('id', '=', id)
    .where('epoch', '=', epoch)
    .where('state', '=', 'leaving')
    .execute()
  deps.log.warn('somebody who had left by a directory that was lost lives here, and stays')
  // As one who lives here they are given the new number.
  await deps.homes.refresh()
}

async function letGo(deps: MoveDeps, leaver: Leaver): Promise<void> {
  const columns = await columnsOf(deps.db)
  const left = await lastSwitched(deps.directory, leaver.id, 'source', deps.config.ordinal)
  await deps.db.transaction().execute(async (tx) => {
    // Locked by whoever drives the move, too.
    const move = await hold(tx, leaver, left)
    const still = await tx
      .selectFrom('members')
      .select('id')
      .where('id', '=', leaver.id)
      .where('epoch', '=', leaver.epoch)
      .where('state', '=', 'leaving')
      .forUpdate()
      .executeTakeFirst()
    if (still) await keepAndLetGo(tx, move, columns)
  })
  deps.log.warn({ move: left?.id }, 'somebody whom a restore brought back lives elsewhere, and was let go')
}

/** The row of the move by which they left, or of one that stands for it where the directory knows none. */
async function hold(
  tx: InstanceTransaction,
  leaver: Leaver,
  left: { readonly id: string; readonly target: number; readonly attempt: number } | undefined,
): Promise<LocalMove> {
  return tx
    .insertInto('moves')
    .values({
      id: left?.id ?? sql<string>`next_id()`,
      side: 'source',
      member_id: leaver.id,
      other: left?.target ?? 0,
      epoch: leaver.epoch,
      attempt: left?.attempt ?? 1,
      state: 'frozen',
    })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({ state: 'frozen', changed_at: sql<Date>`now()` }),
    )
    .returningAll()
    .executeTakeFirstOrThrow()
}
