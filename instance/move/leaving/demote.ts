// The home that a member has left lets go: their rows are kept aside, and what neighbours see of them becomes a cache.
import { sql } from 'kysely'
import { AFTER_SWITCH } from '../../directory/moves/move.ts'
import { readMove } from '../../directory/moves/read.ts'
import { type Refusal, refuse } from '../../refusal.ts'
import type { InstanceTransaction } from '../../store/database.ts'
import { isOfMember } from '../../store/kv.ts'
import type { MoveCall } from '../calls.ts'
import { asCaller, fenceOff, type LocalMove, type MoveDeps, setState, takeTurn } from '../fence.ts'
import { CARRIED, HOME } from '../rows/carried.ts'
import { columnsOf } from '../rows/columns.ts'
import { planForTwins } from '../rows/stage.ts'
import { endLog } from './release.ts'

/** It can only be tried until it is done: for whoever has very much it takes longer than a request may. */
const STATEMENT_MS = 300_000

type Done = { readonly done: true }
const DONE: Done = { done: true }

/**
 * Only when the directory says that the member lives elsewhere with a greater epoch. The seat is free afterwards, and
 * every write here is refused with 421. Doing it again changes nothing.
 */
export async function demote(deps: MoveDeps, call: MoveCall): Promise<Done | Refusal> {
  const known = await readMove(deps.directory, call.move)
  if (!known || known.source !== deps.config.ordinal) return refuse('move-unknown')
  if (!AFTER_SWITCH.includes(known.step)) return refuse('move-not-so-far')
  const columns = await columnsOf(deps.db)
  // A database that was put back to before they came knows nothing of the move, and there is nobody to let go of.
  if (!(await isHere(deps.db, known.memberId))) await fenceOff(deps, known, 'source')
  const result = await asCaller(deps, call, async (tx, move) => {
    if (move.state === 'demoted') return DONE
    if (move.state === 'undone' && !(await isHere(tx, move.member_id))) return DONE
    if (move.state !== 'frozen') return refuse('move-not-so-far')
    await keepAndLetGo(tx, move, columns)
    return DONE
  })
  await deps.homes.freshById(known.memberId)
  return result
}

/** Whoever only arrives here, by a move that a restore brought back, has no rows of their own yet. */
async function isHere(db: Pick<InstanceTransaction, 'selectFrom'>, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('members')
    .select('id')
    .where('id', '=', id)
    .where('state', '<>', 'staged')
    .executeTakeFirst()
  return row !== undefined
}

/** What was theirs is kept aside, and the seat is free. The caller knows that they live elsewhere. */
export async function keepAndLetGo(
  tx: InstanceTransaction,
  move: LocalMove,
  columns: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  await takeTurn(tx)
  await sql`SELECT pg_advisory_xact_lock(${move.member_id}::bigint)`.execute(tx)
  await planForTwins(tx)
  await sql`SET LOCAL statement_timeout = ${sql.lit(STATEMENT_MS)}`.execute(tx)
  await keep(tx, move, columns)
  await letGo(tx, move)
  await setState(tx, move, 'demoted', { frozen_at: null })
  await endLog(tx)
}

/** Puts everything of the member's aside, with the people and posts that their rows name. */
async function keep(
  tx: InstanceTransaction,
  move: LocalMove,
  columns: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  for (const one of CARRIED) {
    const list = sql.join((columns.get(one.table) ?? []).map((name) => sql.id(name)))
    await sql`INSERT INTO carried.${sql.id(one.table)} (move, ${list})
      SELECT ${move.id}::bigint, ${list} FROM ${HOME(one.table)} WHERE ${one.mine(move.member_id, HOME)}
      ON CONFLICT DO NOTHING`.execute(tx)
  }
  for (const kind of ['posts', 'accounts'] as const) {
    const list = sql.join((columns.get(kind) ?? []).map((name) => sql.id(name)))
    const named = CARRIED.flatMap((one) =>
      (one[kind] ?? []).map(
        (column) =>
          sql`SELECT ${sql.id(column)} FROM carried.${sql.id(one.table)} WHERE move = ${move.id}::bigint`,
      ),
    )
    await sql`INSERT INTO carried.${sql.id(kind)} (move, ${list})
      SELECT ${move.id}::bigint, ${list} FROM ${HOME(kind)} WHERE id IN (${sql.join(named, sql` UNION `)})
      ON CONFLICT DO NOTHING`.execute(tx)
  }
}

/**
 * What residents here still see stays as any sibling's would be; the rest goes. Somebody else who is about to be let go
 * of is a resident until then: what is put aside of theirs tells what is to be passed on to them.
 */
async function letGo(tx: InstanceTransaction, move: LocalMove): Promise<void> {
  const me = sql`${move.member_id}::bigint`
  const resident = (column: string) =>
    sql`EXISTS (SELECT FROM members AS r WHERE r.id = ${sql.ref(column)} AND r.id <> ${me}
      AND r.state <> 'staged')`
  const onResidents = sql`EXISTS (SELECT FROM posts AS p WHERE p.id = post_id AND ${resident('p.account_id')})`
  const followedHere = sql`EXISTS (SELECT FROM follows AS f WHERE f.followee_id = ${me} AND f.state = 'accepted'
    AND ${resident('f.follower_id')})`
  await sql`DELETE FROM follows WHERE (follower_id = ${me} AND NOT ${resident('followee_id')})
    OR (followee_id = ${me} AND NOT ${resident('follower_id')})`.execute(tx)
  await sql`DELETE FROM likes WHERE account_id = ${me} AND NOT ${onResidents}`.execute(tx)
  await sql`DELETE FROM boosts WHERE account_id = ${me} AND NOT ${onResidents} AND NOT ${followedHere}`.execute(
    tx,
  )
  for (const table of ['likes', 'boosts']) {
    await sql`DELETE FROM ${sql.table(table)} USING posts AS own
      WHERE own.id = post_id AND own.account_id = ${me} AND ${sql.ref(`${table}.account_id`)} <> ${me}
        AND NOT ${resident(`${table}.account_id`)}`.execute(tx)
  }
  await sql`DELETE FROM posts WHERE account_id = ${me} AND visibility IN ('followers', 'direct')
    AND NOT (visibility = 'followers' AND ${followedHere})
    AND NOT EXISTS (SELECT FROM mentions WHERE mentions.post_id = posts.id AND ${resident('mentions.account_id')})
    AND NOT EXISTS (SELECT FROM likes WHERE likes.post_id = posts.id AND likes.account_id <> ${me})
    AND NOT EXISTS (SELECT FROM boosts WHERE boosts.post_id = posts.id AND boosts.account_id <> ${me})`.execute(
    tx,
  )
  await sql`UPDATE posts SET object_json = NULL, content_text = NULL WHERE account_id = ${me}`.execute(tx)
  await sql`UPDATE accounts SET actor_json = NULL, fetched_at = now() WHERE id = ${me}`.execute(tx)
  await sql`UPDATE tombstones SET member_id = NULL WHERE member_id = ${me}`.execute(tx)
  await sql`DELETE FROM kv WHERE ${isOfMember(move.member_id)}`.execute(tx)
  // deliveries.member_id has no foreign key of its own; they go with their outbox rows.
  await tx.deleteFrom('members').where('id', '=', move.member_id).execute()
}
