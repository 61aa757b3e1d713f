// Reading moves.
import type { Selectable } from 'kysely'
import type { DirectoryDatabase, DirectoryTables, DirectoryTransaction } from '../../store/database.ts'
import { AFTER_SWITCH, type Move, type Step } from './move.ts'

type Reader = Pick<DirectoryDatabase | DirectoryTransaction, 'selectFrom'>
type Row = Pick<
  Selectable<DirectoryTables['moves']>,
  'id' | 'member_id' | 'source' | 'target' | 'epoch' | 'attempt' | 'step' | 'code'
>

export const MOVE_COLUMNS = [
  'id',
  'member_id',
  'source',
  'target',
  'epoch',
  'attempt',
  'step',
  'code',
] as const

// The CHECK constraint of the table allows no other steps.
export const asMove = ({ member_id, step, ...row }: Row): Move => ({
  ...row,
  memberId: member_id,
  step: step as Step,
})

export async function readMove(db: Reader, id: string): Promise<Move | undefined> {
  const row = await db.selectFrom('moves').select(MOVE_COLUMNS).where('id', '=', id).executeTakeFirst()
  return row && asMove(row)
}

/** Moves that are neither done nor undone, oldest first. */
export async function openMoves(db: Reader): Promise<Move[]> {
  const rows = await db
    .selectFrom('moves')
    .select(MOVE_COLUMNS)
    .where('step', 'not in', ['done', 'undone'])
    .orderBy('id')
    .execute()
  return rows.map(asMove)
}

/**
 * Moves that may be switched without another word of the home that is left: it has said that the member is frozen there,
 * and a copy that was sealed needs nothing more of it.
 */
export async function movesAboutToSwitch(db: Reader, source: number): Promise<Move[]> {
  const rows = await db
    .selectFrom('moves')
    .select(MOVE_COLUMNS)
    .where('source', '=', source)
    .where('step', 'in', ['frozen', 'verified'])
    .execute()
  return rows.map(asMove)
}

/** Whether one of these members has moved away from an instance: what it says of them was once its to say. */
export async function hasLeft(db: Reader, members: readonly string[], ordinal: number): Promise<boolean> {
  if (members.length === 0) return false
  const row = await db
    .selectFrom('moves')
    .select('id')
    .where('member_id', 'in', [...members])
    .where('source', '=', ordinal)
    .where('step', 'in', [...AFTER_SWITCH])
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** The last move that was switched of those that led a member to a home, or away from one; undefined if there is none. */
export async function lastSwitched(
  db: Reader,
  memberId: string,
  side: 'source' | 'target',
  ordinal: number,
): Promise<Move | undefined> {
  const row = await db
    .selectFrom('moves')
    .select(MOVE_COLUMNS)
    .where('member_id', '=', memberId)
    .where(side, '=', ordinal)
    .where('step', 'in', [...AFTER_SWITCH])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && asMove(row)
}
