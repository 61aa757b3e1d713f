// What of a move no directory forgets: one that does is an older copy of itself, whatever its revision.
import { BEFORE_SWITCH } from '../directory/moves/move.ts'
import { readMove } from '../directory/moves/read.ts'
import type { LocalMove, MoveDeps } from './fence.ts'

/**
 * Whether a move that this home takes part in is unknown to the directory, or its attempt is: both are there before any
 * home hears of them. `known` is the directory's, read after the home's own.
 */
export const isUnheardOf = (
  row: Pick<LocalMove, 'attempt'>,
  known: { readonly attempt: number } | undefined,
): boolean => known === undefined || known.attempt < row.attempt

/** Whether the directory has a move before its switch that is over here: it was given up or switched there first. */
export async function isOverOnlyHere(
  { db, directory }: Pick<MoveDeps, 'db' | 'directory'>,
  id: string,
): Promise<boolean> {
  const row = await db.selectFrom('moves').select('state').where('id', '=', id).executeTakeFirst()
  if (row?.state !== 'undone' && row?.state !== 'demoted') return false
  // After the row: read the other way round, it may have been given up in between.
  const known = await readMove(directory, id)
  return known !== undefined && BEFORE_SWITCH.includes(known.step)
}
