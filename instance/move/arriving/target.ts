// What the home does that a member comes to, up to the switch.
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { z } from 'zod'
import { AFTER_SWITCH, endsWith, type Move } from '../../directory/moves/move.ts'
import { readMove } from '../../directory/moves/read.ts'
import { actorAddresses, sharedInbox } from '../../federation/documents/addresses.ts'
import type { Instance } from '../../instance.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { InstanceTransaction } from '../../store/database.ts'
import { violatedConstraint } from '../../store/failures.ts'
import { type Delta, type DeltaCall, delta, MOVES, type MoveCall, type Page, page } from '../calls.ts'
import { asCaller, fenceOff, type LocalMove, type MoveDeps, openHere, setState } from '../fence.ts'
import { CARRIED, HOME, type Place, twins } from '../rows/carried.ts'
import { columnsOf } from '../rows/columns.ts'
import { emptyTwins, stageDelta, stageRows } from '../rows/stage.ts'
import { placeOthers, placePosts, takeBack, unplaced } from './placed.ts'
import { progress } from './progress.ts'

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
    asCaller(deps, call, async (tx, move) => {
      if (move.state !== 'staging') return move.state === 'undone' ? refuse('move-overtaken') : DONE
      const known = deps.homes.byId(move.member_id) ?? (await deps.homes.freshById(move.member_id))
      return known ? stageMember(tx, deps.config.origin, move, known) : refuse('member-unknown')
    }),
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

/** Copies page by page while the member goes on writing; goes on where it, or another, left off. */
export async function copy(deps: TargetDeps, call: MoveCall): Answer<Done> {
  const run = randomUUID()
  const begun = await begin(deps, call, run, ['staging', 'copied'])
  if (isRefusal(begun)) return begun
  const { snapshot, ...place } = progress.parse(
    begun.progress ?? { at: { part: 0, after: null }, snapshot: null },
  )
  let { at } = place
  const columns = await columnsOf(deps.db)
  while (at !== null) {
    const got: Page | Refusal = await askSource(deps, begun.other, 'page', { ...call, at }, page)
    if (isRefusal(got)) return got
    const kept = await asCaller(deps, call, async (tx, move) => {
      if (move.run !== run) return refuse('move-overtaken')
      await stageRows(tx, columns, move, got.rows)
      await tx
        .updateTable('moves')
        .set({ progress: JSON.stringify({ at: got.next, snapshot }) })
        .where('id', '=', move.id)
        .execute()
      return DONE
    })
    if (isRefusal(kept)) return kept
    at = got.next
  }
  const placed = await placeAhead(deps, call, run)
  if (isRefusal(placed)) return placed
  return asCaller(deps, call, async (tx, move) => {
    if (move.run !== run) return refuse('move-overtaken')
    if (move.state === 'staging') await setState(tx, move, 'copied')
    return DONE
  })
}

/** Puts what can be where it will be, posts a part at a time. What changes after this, the switch puts right. */
export async function placeAhead(deps: TargetDeps, call: MoveCall, run: string): Answer<Done> {
  const columns = await columnsOf(deps.db)
  const parts = await asCaller(deps, call, (tx, move) => unplaced(tx, move))
  if (isRefusal(parts)) return parts
  for (const ids of parts) {
    const put = await asCaller(deps, call, async (tx, move) => {
      if (move.run !== run) return refuse('move-overtaken')
      await placePosts(tx, columns, move, ids)
      return DONE
    })
    if (isRefusal(put)) return put
  }
  return asCaller(deps, call, async (tx, move) => {
    if (move.run !== run) return refuse('move-overtaken')
    await placeOthers({ tx, move, columns, me: sql`${move.member_id}::bigint` })
    return DONE
  })
}

/** Fetches and applies what changed at the source since the last time. Says how many keys that were. */
export async function catchUp(deps: TargetDeps, call: MoveCall): Answer<{ changes: number }> {
  const run = randomUUID()
  const begun = await begin(deps, call, run, ['copied'])
  if (isRefusal(begun)) return begun
  const at = progress.parse(begun.progress)
  const got = await askDelta(deps, begun.other, { ...call, since: at.snapshot })
  if (isRefusal(got)) return got
  const columns = await columnsOf(deps.db)
  return asCaller(deps, call, async (tx, move) => {
    if (move.run !== run) return refuse('move-overtaken')
    await stageDelta(tx, columns, move, got)
    await tx
      .updateTable('moves')
      .set({ progress: JSON.stringify({ ...at, snapshot: got.snapshot, compared: null }), was: got.was })
      .where('id', '=', move.id)
      .execute()
    return { changes: got.changes }
  })
}

/** Only one copying at a time may write: with `run` a call overtakes those that came before it. */
export function begin(deps: TargetDeps, call: MoveCall, run: string, states: readonly string[]) {
  return asCaller(deps, call, async (tx, move) => {
    if (!states.includes(move.state))
      return refuse(move.state === 'undone' ? 'move-overtaken' : 'move-not-so-far')
    await tx.updateTable('moves').set({ run }).where('id', '=', move.id).execute()
    return move
  })
}

export async function askSource<T extends object>(
  deps: TargetDeps,
  ordinal: number,
  what: 'page' | 'delta' | 'kept',
  body: unknown,
  shape: z.ZodType<T>,
): Answer<T> {
  const answer = await deps.siblings.call(ordinal, `${MOVES}/${what}`, {
    method: 'POST',
    body,
    timeoutMs: 30_000,
  })
  if (isRefusal(answer.body)) return answer.body
  return shape.parse(answer.body)
}

/** What changed at the source, with digests if they are asked for. */
export const askDelta = (deps: TargetDeps, ordinal: number, call: DeltaCall): Answer<Delta> =>
  askSource(deps, ordinal, 'delta', call, delta)

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

/** Whether the member has moved on since, or back: the directory knows a later stay than the one this move led to. */
export async function isPast({ homes }: Pick<TargetDeps, 'homes'>, move: Move): Promise<boolean> {
  if (!AFTER_SWITCH.includes(move.step)) return false
  const home = await homes.freshById(move.memberId)
  return home !== undefined && home.epoch > move.epoch && !endsWith(move, home)
}
