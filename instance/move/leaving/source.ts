// What the home does that a member leaves.
import { sql } from 'kysely'
import { LEASE_S } from '../../federation/held.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { InstanceTransaction } from '../../store/database.ts'
import { pause } from '../../store/failures.ts'
import type { MoveCall } from '../calls.ts'
import { asCaller, type LocalMove, type MoveDeps, openHere, setState } from '../fence.ts'
import { olderWritesEnded, within } from '../settled.ts'

const OLDER_WRITES_MS = 10_000
/** Longer than a lease: what a process that died had in hand is waited for. With the older writes less than a call may take. */
const DELIVERIES_MS = (LEASE_S + 1) * 1000
const FREEZE_TRIES = 25
const FREEZE_LOCK_MS = 200
/** Of the freeze itself little may be spent on waiting. */
const FROZEN_WRITES_MS = 2_000

type Answer<T> = Promise<T | Refusal>
type Done = { readonly done: true }
const DONE: Done = { done: true }

/** Starts the log of changes, and waits for writes that began before it. From here on nothing is missed. */
export async function subscribe(deps: MoveDeps, call: MoveCall): Answer<Done> {
  const opened = await openHere(deps, call, 'source', 'logging')
  if (isRefusal(opened)) return opened
  const held = await asCaller(
    deps,
    call,
    async (tx, move) => {
      const living = await stateOf(tx, move, ['active', 'suspended', 'frozen'])
      if (isRefusal(living)) return living
      return move.state === 'undone' || move.state === 'demoted' ? refuse('move-overtaken') : DONE
    },
    opened,
  )
  if (isRefusal(held)) return held
  return (await olderWritesEnded(deps.db, OLDER_WRITES_MS)) ? DONE : refuse('still-busy')
}

/** The member's state here, which must be one of these. */
async function stateOf(
  tx: InstanceTransaction,
  move: LocalMove,
  wanted: readonly string[],
): Answer<{ readonly state: string }> {
  const member = await tx
    .selectFrom('members')
    .select('state')
    .where('id', '=', move.member_id)
    .where('epoch', '=', move.epoch)
    .executeTakeFirst()
  if (!member) return refuse('elsewhere')
  return wanted.includes(member.state) ? member : refuse('unsettled')
}

/** No delivery of the member's is begun any more, and those under way have ended. Writes go on. */
export async function quiesce(deps: MoveDeps, call: MoveCall): Answer<Done> {
  const quiet = await asCaller(deps, call, async (tx, move) => {
    if (move.state === 'logging') await setState(tx, move, 'quiet')
    return ['logging', 'quiet', 'frozen'].includes(move.state) ? move : refuse('move-overtaken')
  })
  if (isRefusal(quiet)) return quiet
  // A worker that had not heard of it may be taking one at this moment.
  if (!(await olderWritesEnded(deps.db, OLDER_WRITES_MS))) return refuse('still-busy')
  const ended = await within(
    DELIVERIES_MS,
    async () => {
      const running = await deps.db
        .selectFrom('deliveries')
        .select('id')
        .where('member_id', '=', quiet.member_id)
        .where('leased_until', '>', sql<Date>`now()`)
        .limit(1)
        .executeTakeFirst()
      return running === undefined
    },
    50,
  )
  return ended ? DONE : refuse('still-busy')
}

/**
 * Takes the member's lock for an instant and marks them frozen: from here on nothing of theirs is written, until they
 * are thawed here or active at the target. Waits for writers 200 ms at a time, so that they wait no longer either.
 */
export async function freeze(deps: MoveDeps, call: MoveCall): Answer<Done> {
  for (let tries = 0; ; tries++) {
    try {
      const frozen = await asCaller(deps, call, (tx, move) => freezeNow(tx, move))
      if (isRefusal(frozen)) return frozen
      break
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === '55P03')) throw error
      if (tries >= FREEZE_TRIES) return refuse('still-busy')
      await pause(100 * deps.random(), new AbortController().signal)
    }
  }
  // What is applied for others at this moment, and what it leaves to be passed on, is decided before this returns.
  return (await olderWritesEnded(deps.db, FROZEN_WRITES_MS)) ? DONE : refuse('still-busy')
}

async function freezeNow(tx: InstanceTransaction, move: LocalMove): Answer<Done> {
  if (move.state === 'frozen') return DONE
  if (move.state !== 'quiet') return refuse(move.state === 'logging' ? 'move-not-so-far' : 'move-overtaken')
  await sql`SET LOCAL lock_timeout = ${sql.lit(`${FREEZE_LOCK_MS}ms`)}`.execute(tx)
  await sql`SELECT pg_advisory_xact_lock(${move.member_id}::bigint)`.execute(tx)
  const member = await stateOf(tx, move, ['active', 'suspended'])
  if (isRefusal(member)) return member
  await tx.updateTable('members').set({ state: 'frozen' }).where('id', '=', move.member_id).execute()
  await tx
    .updateTable('moves')
    .set({ state: 'frozen', was: member.state, frozen_at: sql<Date>`now()`, changed_at: sql<Date>`now()` })
    .where('id', '=', move.id)
    .execute()
  return DONE
}
