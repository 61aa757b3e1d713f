// This home's own memory of a move: which attempt may speak, and how far this side is.
import { type Insertable, type Selectable, sql } from 'kysely'
import { BEFORE_SWITCH, type Move } from '../directory/moves/move.ts'
import { readMove } from '../directory/moves/read.ts'
import type { Instance } from '../instance.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import { askBooted } from '../store/boots/boots.ts'
import type { InstanceTables, InstanceTransaction } from '../store/database.ts'
import type { MoveCall } from './calls.ts'

export type Side = 'source' | 'target'
export type LocalMove = Selectable<InstanceTables['moves']>
type NewMove = Insertable<InstanceTables['moves']>
export type MoveDeps = Pick<
  Instance,
  'db' | 'directory' | 'homes' | 'config' | 'boot' | 'random' | 'log' | 'wake'
>

/**
 * Runs `fn` in a transaction that holds the move's row here, if the caller's attempt is not older than one seen before.
 * If `fn` returns a refusal, nothing is changed. `opens`: the row is made first where there is none, with all that `fn`
 * does or not at all: a copy of this database from a moment in between would have a move that nobody is staged for, and
 * that can neither go on nor be given up.
 */
export async function asCaller<T>(
  { db, boot }: Pick<MoveDeps, 'db' | 'boot'>,
  call: MoveCall,
  fn: (tx: InstanceTransaction, move: LocalMove) => Promise<T | Refusal>,
  opens?: NewMove,
): Promise<T | Refusal> {
  let refusal: Refusal | undefined
  try {
    return await db
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (tx) => {
        const result = await hold(tx, boot, call, fn, opens)
        if (!isRefusal(result)) return result
        refusal = result
        throw new Undo()
      })
  } catch (error) {
    if (error instanceof Undo && refusal) return refusal
    throw error
  }
}

async function hold<T>(
  tx: InstanceTransaction,
  boot: string,
  { move: id, attempt }: MoveCall,
  fn: (tx: InstanceTransaction, move: LocalMove) => Promise<T | Refusal>,
  opens: NewMove | undefined,
): Promise<T | Refusal> {
  if (opens) {
    await tx
      .insertInto('moves')
      .values(opens)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  }
  const move = await tx.selectFrom('moves').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
  if (!(await askBooted(tx, boot))) return refuse('restored')
  if (!move) return refuse('move-unknown')
  if (attempt < move.attempt) return refuse('move-overtaken')
  if (attempt > move.attempt) await tx.updateTable('moves').set({ attempt }).where('id', '=', id).execute()
  return fn(tx, { ...move, attempt })
}

/**
 * The row of a move that begins here, for `asCaller` to make. The directory must have the move before its switch, with
 * this very attempt and this home as `side`: a driver who wakes up late cannot begin anything again.
 */
export async function openHere(
  deps: MoveDeps,
  call: MoveCall,
  side: Side,
  state: 'logging' | 'staging',
): Promise<NewMove | Refusal> {
  const move = await readMove(deps.directory, call.move)
  if (!move) return refuse('move-unknown')
  if (move[side] !== deps.config.ordinal) return refuse('move-unknown')
  if (move.attempt !== call.attempt || !BEFORE_SWITCH.includes(move.step)) return refuse('move-overtaken')
  return rowOf(move, side, state)
}

const rowOf = (move: Move, side: Side, state: string): NewMove => ({
  id: move.id,
  side,
  member_id: move.memberId,
  other: side === 'source' ? move.target : move.source,
  epoch: move.epoch,
  attempt: move.attempt,
  state,
})

/** Of all that is locked by two numbers; one number locks a member. */
const TURN_LOCK = 2

/**
 * Members come to this home and leave it one after the other. What is between one who comes and one who leaves is kept by
 * whoever is the last to look: two who look at once, each before the other has ended, would both leave it to the other.
 */
export async function takeTurn(tx: InstanceTransaction): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(${TURN_LOCK}, 0)`.execute(tx)
}

/**
 * Whether the directory has a move before its switch that is over here. No directory goes back behind that, so it is an
 * older copy of itself, whatever its revision.
 */
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

/** Leaves a fence behind where a move never began, so that a late call cannot begin it after it was undone. */
export async function fenceOff(deps: MoveDeps, move: Move, side: Side): Promise<void> {
  await deps.db
    .insertInto('moves')
    .values(rowOf(move, side, 'undone'))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}

export async function setState(
  tx: InstanceTransaction,
  move: Pick<LocalMove, 'id'>,
  state: string,
  more: Partial<Pick<LocalMove, 'was' | 'frozen_at' | 'shown'>> = {},
): Promise<void> {
  await tx
    .updateTable('moves')
    .set({ state, changed_at: sql<Date>`now()`, ...more })
    .where('id', '=', move.id)
    .execute()
}

class Undo extends Error {}
