// Thawing: the member stays where they were.
import { sql } from 'kysely'
import type { Move } from '../../directory/moves/move.ts'
import { readMove } from '../../directory/moves/read.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { InstanceTransaction } from '../../store/database.ts'
import type { TargetDeps } from '../arriving/target.ts'
import { MOVES, type MoveCall, sideState } from '../calls.ts'
import { asCaller, fenceOff, type LocalMove, setState } from '../fence.ts'

type Answer<T> = Promise<T | Refusal>
type Done = { readonly done: true }
const DONE: Done = { done: true }

/**
 * After the move was given up: the member writes here again, as if nothing had been. The directory's word is not enough
 * once the target may have become their home: one that lost its last moments knows nothing of a switch. Then the target
 * gives its copy back first, and they stay frozen for as long as it does not answer.
 */
export async function release(deps: TargetDeps, call: MoveCall): Answer<Done> {
  const known = await readMove(deps.directory, call.move)
  if (known?.step !== 'undoing' && known?.step !== 'undone') return refuse('move-not-so-far')
  await fenceOff(deps, known, 'source')
  const shown = await asCaller(deps, call, async (tx, move) => {
    if (move.shown && move.state === 'frozen') return { shown: true }
    await thawRows(tx, move)
    return { shown: false }
  })
  if (isRefusal(shown) || !shown.shown) return isRefusal(shown) ? shown : DONE
  const given = await askTarget(deps, known)
  if (isRefusal(given)) return given
  return asCaller(deps, call, async (tx, move) => {
    await thawRows(tx, move)
    return DONE
  })
}

/** Has the target give up its copy, in which nothing can have been written then. */
async function askTarget(deps: TargetDeps, { id, attempt, target }: Move): Answer<Done> {
  const { status, body } = await deps.siblings.call(target, `${MOVES}/drop`, {
    method: 'POST',
    body: { move: id, attempt },
    timeoutMs: 10_000,
  })
  if (isRefusal(body)) return body
  return sideState.safeParse(body).data?.state === 'undone'
    ? DONE
    : refuse('unavailable', { details: { ordinal: target, verb: 'drop', status } })
}

/** Only when the directory has given the move up. */
export async function thawRows(tx: InstanceTransaction, move: LocalMove): Promise<void> {
  if (move.state === 'demoted' || move.side !== 'source') return
  if (move.state === 'frozen' && move.was !== null) {
    await tx
      .updateTable('members')
      .set({ state: move.was })
      .where('id', '=', move.member_id)
      .where('epoch', '=', move.epoch)
      .where('state', '=', 'frozen')
      .execute()
  }
  await setState(tx, move, 'undone', { was: null, frozen_at: null, shown: false })
  await endLog(tx)
}

/** The log is kept while anybody is being copied. */
export async function endLog(tx: InstanceTransaction): Promise<void> {
  await sql`DELETE FROM carried.changes WHERE NOT EXISTS (
    SELECT FROM moves WHERE side = 'source' AND state IN ('logging', 'quiet', 'frozen'))`.execute(tx)
}
