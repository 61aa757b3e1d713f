// What the old home of a member had taken in for them, and not applied, when they arrived at the new one. It comes by
// itself, but late: what may take a follower away is fetched, so that nothing is sent to whoever follows no more.
import { sql } from 'kysely'
import { AFTER_SWITCH, endsWith } from '../directory/moves/move.ts'
import { readMove } from '../directory/moves/read.ts'
import { actorAddresses } from '../federation/documents/addresses.ts'
import { mayUnfollow, REST_S } from '../federation/in/apply/late.ts'
import { isRefusal, type Refusal, refuse } from '../refusal.ts'
import { SiblingUnreachable } from '../siblings/client.ts'
import type { InstanceTransaction } from '../store/database.ts'
import type { TargetDeps } from './arriving/target.ts'
import { type Late, late, MOVES, type MoveCall } from './calls.ts'
import { asCaller, type LocalMove, type MoveDeps } from './fence.ts'

/** Of these there are few, and they are short; what goes beyond comes by itself. */
const MOST = 500
const LONGEST = 16_384
/** Others wait for this home to look after their moves as well. */
const ANSWERS_MS = 2_000

/** What may take a follower of a member away, and was not applied here before they left: for their home and nobody else. */
export async function showLate(
  deps: MoveDeps,
  asker: number | undefined,
  call: MoveCall,
): Promise<Late | Refusal> {
  const known = await readMove(deps.directory, call.move)
  if (known?.source !== deps.config.ordinal || known.target !== asker) return refuse('forbidden')
  const home = await deps.homes.freshById(known.memberId)
  if (!AFTER_SWITCH.includes(known.step) || !home || !endsWith(known, home)) return refuse('forbidden')
  return asCaller(deps, call, async (tx, move) => {
    const { actor } = actorAddresses(deps.config.origin, home.handle)
    const { rows } = await sql<Late['items'][number]>`
      SELECT activity_uri, actor_uri, body FROM intake
      WHERE dead_at IS NULL AND ${mayUnfollow} AND length(body::text) <= ${LONGEST} AND (recipient = ${home.handle} OR (recipient IS NULL AND (
        strpos(body::text, ${actor}) > 0
        OR actor_uri IN (SELECT uri FROM carried.accounts WHERE move = ${move.id}::bigint)
        OR actor_uri IN (SELECT uri FROM accounts JOIN follows ON follows.follower_id = accounts.id
          WHERE follows.followee_id = ${move.member_id}::bigint))))
      UNION ALL ${onTheWay(move.other, home.handle)} LIMIT ${MOST}`.execute(tx)
    return { items: rows }
  })
}

/** What this home has taken for somebody who lived at another, or lives there now, and not handed over yet. */
const onTheWay = (ordinal: number, handle: string) =>
  sql`SELECT activity_uri, actor_uri, body FROM spool
    WHERE ordinal = ${ordinal} AND recipient = ${handle} AND ${mayUnfollow}`

/**
 * Asks the old home of a member who has arrived. Once this home has the answer, their deliveries go on as soon as it is
 * applied. What comes a second time by itself changes nothing. Without an answer this is to be done again.
 */
export async function fetchLate(deps: TargetDeps, id: string): Promise<void> {
  const { db, homes, wake } = deps
  const move = await arrived(db).where('id', '=', id).executeTakeFirst()
  const handle = move && homes.byId(move.member_id)?.handle
  const known = move && (await readMove(deps.directory, id))
  if (!move || !known || handle === undefined) return
  // The old home may have heard of a later driver than this one has.
  const call: MoveCall = { move: id, attempt: known.attempt }
  const got = await ask(deps, move.other, call)
  if (!got) return
  const done = await asCaller(deps, call, async (tx, held) => {
    if (held.late === null) await takeIn(tx, held, handle, got)
    return true
  })
  if (isRefusal(done)) return
  wake.soon('intake')
  wake.soon('deliveries')
}

/** Moves that have led here of late and whose old homes have not answered. */
export const arrived = (db: MoveDeps['db']) =>
  db
    .selectFrom('moves')
    .select(['id', 'member_id', 'other'])
    .where('side', '=', 'target')
    .where('state', '=', 'active')
    .where('late', 'is', null)
    .where('changed_at', '>', sql<Date>`now() - ${REST_S} * interval '1 second'`)

async function ask(deps: TargetDeps, ordinal: number, call: MoveCall): Promise<Late | undefined> {
  try {
    const answer = await deps.siblings.call(ordinal, `${MOVES}/late`, {
      method: 'POST',
      body: call,
      timeoutMs: ANSWERS_MS,
    })
    const got = late.safeParse(answer.body)
    if (got.success) return got.data
    deps.log.warn(
      { ordinal, status: answer.status },
      'an old home does not say what came for somebody who left it',
    )
  } catch (error) {
    if (!(error instanceof SiblingUnreachable)) throw error
    deps.log.info({ err: error, ordinal }, 'an old home cannot be asked what came for somebody who left it')
  }
  return undefined
}

async function takeIn(
  tx: InstanceTransaction,
  move: LocalMove,
  handle: string,
  { items }: Late,
): Promise<void> {
  const { rows: own } = await sql<Late['items'][number]>`${onTheWay(move.other, handle)}`.execute(tx)
  for (const { body, ...item } of [...items, ...own]) {
    await tx
      .insertInto('intake')
      .values({ ...item, recipient: handle, from_sibling: move.other, body: JSON.stringify(body) })
      .execute()
  }
  const newest = tx
    .selectFrom('intake')
    .select((eb) => eb.fn.coalesce(eb.fn.max('id'), sql<string>`0`).as('id'))
    .where('recipient', '=', handle)
  await tx.updateTable('moves').set({ late: newest }).where('id', '=', move.id).execute()
}
