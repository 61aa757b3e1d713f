import { AFTER_SWITCH, endsWith, type Move } from '../../directory/moves/move.ts'
import { readMove } from '../../directory/moves/read.ts'
import { actorAddresses, sharedInbox } from '../../federation/documents/addresses.ts'
import type { Instance } from '../../instance.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { InstanceTransaction } from '../../store/database.ts'
import { violatedConstraint } from '../../store/failures.ts'
import type { MoveCall } from '../calls.ts'
import { asCaller, fenceOff, type LocalMove, type MoveDeps, openHere, setState } from '../fence.ts'
import { CARRIED, HOME, type Place, twins } from '../rows/carried.ts'
import { emptyTwins } from '../rows/stage.ts'
import { takeBack } from './placing/placed.ts'

export type TargetDeps = MoveDeps & Pick<Instance, 'siblings'>
type Answer<T> = Promise<T | Refusal>
type Done = { readonly done: true }
const DONE: Done = { done: true }

/** Where the member's rows are while they are staged: media have no twin here. */
export const staged =
  (move: string): Place =>
  (table) =>
    table === 'media' ? HOME(table) : twins(move)(table)

/** A row of the member that counts against this home's cap and can do nothing. */
export async function stage(deps: TargetDeps, call: MoveCall): Answer<Done> {
  const opened = await openHere(deps, call, 'target', 'staging')
  if (isRefusal(opened)) return opened
  return withSeat(() =>
    asCaller(
      deps,
      call,
      async (tx, move) => {
        if (move.state !== 'staging') return move.state === 'undone' ? refuse('move-overtaken') : DONE
        const known = deps.homes.byId(move.member_id) ?? (await deps.homes.freshById(move.member_id))
        return known ? stageMember(tx, deps.config.origin, move, known) : refuse('member-unknown')
      },
      opened,
    ),
  )
}

/** A database that has no seat left says so by an error of its own. */
export async function withSeat<T>(work: () => Answer<T>): Answer<T> {
  try {
    return await work()
  } catch (error) {
    if (violatedConstraint(error) === 'cap_of_this_instance') return refuse('target-full')
    throw error
  }
}

/** The rows that hold the seat: an account, unless the member is known here already, and a member who is staged. */
export async function stageMember(
  tx: InstanceTransaction,
  origin: string,
  move: Pick<LocalMove, 'id' | 'epoch'>,
  { id, handle }: { readonly id: string; readonly handle: string },
): Answer<Done> {
  const address = actorAddresses(origin, handle)
  const added = await tx
    .insertInto('accounts')
    .values({
      id,
      uri: address.actor,
      handle,
      url: address.profile,
      inbox: address.inbox,
      shared_inbox: sharedInbox(origin),
      followers_uri: address.followers,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (added) await tx.updateTable('moves').set({ added_account: true }).where('id', '=', move.id).execute()
  await tx
    .insertInto('members')
    .values({ id, handle, state: 'staged', epoch: move.epoch, password_hash: '' })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  const row = await tx.selectFrom('members').select('state').where('id', '=', id).executeTakeFirst()
  return row?.state === 'staged' ? DONE : refuse('unsettled')
}

/**
 * After the move was given up, or when its copy comes from a restore and the member has moved on since: nothing of it is
 * left but a fence against late calls. If the member is at home here, the directory has lost the switch: nothing is
 * dropped, and it is believed no more.
 */
export async function drop(deps: TargetDeps, call: MoveCall): Answer<Done> {
  const known = await readMove(deps.directory, call.move)
  if (!known) return refuse('move-not-so-far')
  const givenUp = known.step === 'undoing' || known.step === 'undone'
  if (!givenUp && !(await isPast(deps, known))) return refuse('move-not-so-far')
  await fenceOff(deps, known, 'target')
  const dropped = await asCaller(deps, call, async (tx, move) => {
    if (move.state === 'undone') return DONE
    if (move.state === 'active') return refuse('directory-regressed', { retryAfter: 60 })
    await tx.deleteFrom('members').where('id', '=', move.member_id).where('state', '=', 'staged').execute()
    await takeBack(tx, move)
    await emptyTwins(
      tx,
      move.id,
      CARRIED.map(({ table }) => table),
    )
    // Somebody may have looked the member up meanwhile; then the row is a cache like any other.
    if (move.added_account) {
      await tx
        .deleteFrom('accounts')
        .where('id', '=', move.member_id)
        .where('fetched_at', 'is', null)
        .where((eb) =>
          eb.not(eb.exists(eb.selectFrom('posts').select('id').where('account_id', '=', move.member_id))),
        )
        .execute()
    }
    await setState(tx, move, 'undone')
    await tx
      .updateTable('moves')
      .set({ run: null, progress: null, was: null })
      .where('id', '=', move.id)
      .execute()
    return DONE
  })
  if (isRefusal(dropped) && dropped.code === 'directory-regressed') await deps.homes.disprove()
  return dropped
}

/**
 * Whether the member has moved on since, or back, or was given up: the directory knows a later stay than the one this
 * move led to, or none any more.
 */
export async function isPast({ homes }: Pick<TargetDeps, 'homes'>, move: Move): Promise<boolean> {
  if (!AFTER_SWITCH.includes(move.step)) return false
  const home = await homes.freshById(move.memberId)
  return (
    home !== undefined && (home.state === 'deleted' || (home.epoch > move.epoch && !endsWith(move, home)))
  )
}
