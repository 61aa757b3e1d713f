// Members who live here and are not here, since this database was restored to before they came: the home that they came
// from kept a copy.
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Home } from '../../directory/homes.ts'
import { endsWith, type Move } from '../../directory/moves/move.ts'
import { lastSwitched, movesAboutToSwitch } from '../../directory/moves/read.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { InstanceTransaction } from '../../store/database.ts'
import { type CopyPlace, type KeptPage, keptPage, type MoveCall } from '../calls.ts'
import { asCaller, type LocalMove, setState } from '../fence.ts'
import { CARRIED } from '../rows/carried.ts'
import { columnsOf } from '../rows/columns.ts'
import { emptyTwins, stageRows } from '../rows/stage.ts'
import { activate } from './activate.ts'
import { askSource } from './copy.ts'
import { stageMember, type TargetDeps, withSeat } from './target.ts'

type Answer<T> = Promise<T | Refusal>
type Done = { readonly done: true }
const DONE: Done = { done: true }

/**
 * Brings somebody back as they were when they came: by the move that led them here, from what its source has kept. What
 * they did here since is lost with this database. Refused with `no-copy` where there is none; may be called again at any
 * time, and begins anew.
 */
export async function bringBack(deps: TargetDeps, home: Home): Answer<Done> {
  const move = await lastSwitched(deps.directory, home.id, 'target', deps.config.ordinal)
  if (!move || !endsWith(move, home)) return refuse('no-copy')
  // They may be at home elsewhere at any moment, as they were when they were frozen here.
  const leaving = await movesAboutToSwitch(deps.directory, deps.config.ordinal)
  if (leaving.some(({ memberId }) => memberId === home.id)) return refuse('unsettled')
  const run = randomUUID()
  const call = { move: move.id, attempt: move.attempt }
  const arrived = await deps.db
    .selectFrom('moves')
    .select('id')
    .where('id', '=', move.id)
    .where('state', '=', 'sealed')
    .executeTakeFirst()
  if (!arrived) {
    // Before a row is made that would keep everybody waiting who asks for them.
    const first = await askKept(deps, move, call, { part: 0, after: null })
    if (isRefusal(first)) return first
    const begun = await withSeat(() => begin(deps, move, home, run))
    if (isRefusal(begun)) return begun
    const staged = await stageKept(deps, move, call, run, first)
    if (isRefusal(staged)) return staged
  }
  return activate(deps, call)
}

async function askKept(deps: TargetDeps, move: Move, call: MoveCall, at: CopyPlace): Answer<KeptPage> {
  const got = await askSource(deps, move.source, 'kept', { ...call, at }, keptPage)
  return isRefusal(got) && got.code === 'move-unknown' ? refuse('no-copy') : got
}

/** A row of this home's, as when the move began, and a seat. */
async function begin(deps: TargetDeps, move: Move, home: Home, run: string): Answer<Done> {
  const fresh = { state: 'staging', run, progress: null, was: null, changed_at: sql<Date>`now()` }
  await deps.db
    .insertInto('moves')
    .values({
      id: move.id,
      side: 'target',
      member_id: home.id,
      other: move.source,
      epoch: move.epoch,
      attempt: move.attempt,
      state: 'staging',
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  return asCaller(deps, { move: move.id, attempt: move.attempt }, async (tx, held) => {
    if (held.state === 'sealed' || held.state === 'active') return refuse('move-overtaken')
    await tx.updateTable('moves').set(fresh).where('id', '=', held.id).execute()
    await emptyTwins(
      tx,
      held.id,
      CARRIED.map(({ table }) => table),
    )
    return stageMember(tx, deps.config.origin, held, home)
  })
}

/** Stages the first page and fetches the others. */
async function stageKept(
  deps: TargetDeps,
  move: Move,
  call: MoveCall,
  run: string,
  first: KeptPage,
): Answer<Done> {
  const columns = await columnsOf(deps.db)
  for (let page: KeptPage | undefined = first; page; ) {
    const got: KeptPage = page
    const kept: Done | Refusal = await asCaller(deps, call, async (tx, held) => {
      if (held.run !== run) return refuse('move-overtaken')
      await stageRows(tx, columns, held, got.rows)
      await tx.updateTable('moves').set({ was: got.was }).where('id', '=', held.id).execute()
      return DONE
    })
    if (isRefusal(kept)) return kept
    const next: KeptPage | Refusal | undefined = got.next
      ? await askKept(deps, move, call, got.next)
      : undefined
    if (isRefusal(next)) return next
    page = next
  }
  return asCaller(deps, call, async (tx, held) => {
    if (held.run !== run) return refuse('move-overtaken')
    const { rows } = await sql`SELECT FROM carried.members WHERE move = ${held.id}::bigint`.execute(tx)
    if (rows.length === 0) return refuse('no-copy')
    await noteAllUnlike(tx, held)
    await bringTies(tx, columns, held)
    await setState(tx, held, 'sealed')
    return DONE
  })
}

/**
 * Who follows whom among the member and those who live here. Otherwise this home's rows count; but it was restored to
 * before the member came, and what was kept is newer.
 */
async function bringTies(
  tx: InstanceTransaction,
  columns: ReadonlyMap<string, readonly string[]>,
  { id, member_id }: LocalMove,
): Promise<void> {
  const list = sql.join((columns.get('follows') ?? []).map((name) => sql.id(name)))
  await sql`INSERT INTO follows (${list}) SELECT ${list} FROM carried.follows AS t WHERE move = ${id}::bigint
      AND EXISTS (SELECT FROM members AS resident WHERE resident.id <> ${member_id}::bigint
        AND resident.state NOT IN ('staged', 'leaving') AND resident.id IN (t.follower_id, t.followee_id))
    ON CONFLICT (follower_id, followee_id) DO UPDATE SET state = excluded.state`.execute(tx)
}

/** Nothing was compared with what is here: every post is to be looked at when the member becomes active. */
async function noteAllUnlike(tx: InstanceTransaction, { id, member_id }: LocalMove): Promise<void> {
  const { rows } = await sql<{ snapshot: string; unlike: string[]; here: number }>`
    SELECT pg_current_snapshot()::text AS snapshot,
      (SELECT count(*)::integer FROM posts WHERE account_id = ${member_id}::bigint) AS here,
      ARRAY(SELECT id::text FROM carried.posts WHERE move = ${id}::bigint AND account_id = ${member_id}::bigint
        UNION SELECT id::text FROM posts WHERE account_id = ${member_id}::bigint) AS unlike`.execute(tx)
  const [row] = rows
  const compared = {
    source: '',
    target: row?.snapshot ?? '',
    counts: {},
    posts: row?.here ?? 0,
    unlike: row?.unlike ?? [],
  }
  await tx
    .updateTable('moves')
    .set({ progress: JSON.stringify({ at: null, snapshot: null, compared }) })
    .where('id', '=', id)
    .execute()
}
