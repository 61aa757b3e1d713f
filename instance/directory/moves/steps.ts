// From step to step. Every change is a compare-and-set on the move's one row, so of two who want different things one wins.
import { sql } from 'kysely'
import { type Refusal, refuse } from '../../refusal.ts'
import type { DirectoryTransaction } from '../../store/database.ts'
import { BEFORE_SWITCH, isOver, type Move, type Step } from './move.ts'
import { asMove, MOVE_COLUMNS, readMove } from './read.ts'

/** Makes the caller the move's driver: whoever drove it before is refused from now on, here and at both instances. */
export async function takeUp(tx: DirectoryTransaction, id: string): Promise<Move | Refusal> {
  const row = await tx
    .updateTable('moves')
    .set({ attempt: sql`attempt + 1`, changed_at: sql`now()` })
    .where('id', '=', id)
    .where('step', 'not in', ['done', 'undone'])
    .returning(MOVE_COLUMNS)
    .executeTakeFirst()
  if (row) return asMove(row)
  return (await readMove(tx, id)) ?? refuse('move-unknown')
}

/** One step on, by its driver. Having been there already is no error; anybody else's doing is `move-overtaken`. */
export async function advance(tx: DirectoryTransaction, move: Move, to: Step): Promise<Move | Refusal> {
  const row = await tx
    .updateTable('moves')
    .set({ step: to, changed_at: sql`now()` })
    .where('id', '=', move.id)
    .where('attempt', '=', move.attempt)
    .where('step', '=', move.step)
    .returning(MOVE_COLUMNS)
    .executeTakeFirst()
  return row ? asMove(row) : found(tx, move, to)
}

/**
 * The commit point: the member's home and epoch and the move's step change together or not at all. The triggers swap
 * the two seats. Refuses `move-overtaken` if the move was given up meanwhile, or if the member no longer lives there.
 */
export async function switchHome(tx: DirectoryTransaction, move: Move): Promise<Move | Refusal> {
  const member = await tx
    .updateTable('members')
    .set({ home: move.target, epoch: move.epoch + 1 })
    .where('id', '=', move.memberId)
    .where('home', '=', move.source)
    .where('epoch', '=', move.epoch)
    .where('state', '=', 'active')
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('moves')
          .select('id')
          .where('id', '=', move.id)
          .where('attempt', '=', move.attempt)
          .where('step', '=', 'verified'),
      ),
    )
    .returning('id')
    .executeTakeFirst()
  return member ? advance(tx, { ...move, step: 'verified' }, 'switched') : found(tx, move, 'switched')
}

/**
 * Gives a move up before its switch; the instances clean up afterwards. Returns the move as it then is: `undoing`, or
 * further on if the switch came first. An instance that has frozen somebody for too long asks this without an attempt.
 */
export async function giveUp(
  tx: DirectoryTransaction,
  which: { readonly id: string; readonly attempt?: number },
  code: string,
): Promise<Move | Refusal> {
  let update = tx
    .updateTable('moves')
    .set({ step: 'undoing', code, changed_at: sql`now()` })
    .where('id', '=', which.id)
    .where('step', 'in', [...BEFORE_SWITCH])
  if (which.attempt !== undefined) update = update.where('attempt', '=', which.attempt)
  const row = await update.returning(MOVE_COLUMNS).executeTakeFirst()
  if (row) return asMove(row)
  const now = await readMove(tx, which.id)
  if (!now) return refuse('move-unknown')
  return which.attempt === undefined || which.attempt === now.attempt || isOver(now.step)
    ? now
    : refuse('move-overtaken')
}

async function found(tx: DirectoryTransaction, move: Move, to: Step): Promise<Move | Refusal> {
  const now = await readMove(tx, move.id)
  return now?.step === to && now.attempt === move.attempt ? now : refuse('move-overtaken')
}
