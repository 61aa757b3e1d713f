// The member arrives: what was staged becomes real, in one transaction, after the directory has said so.
import { sql } from 'kysely'
import { AFTER_SWITCH, endsWith } from '../../directory/moves/move.ts'
import { readMove } from '../../directory/moves/read.ts'
import { notifyOfHome } from '../../notifications/notify.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { InstanceTransaction } from '../../store/database.ts'
import type { MoveCall } from '../calls.ts'
import { asCaller, type LocalMove, type MoveDeps, setState, takeTurn } from '../fence.ts'
import { CARRIED } from '../rows/carried.ts'
import { columnsOf } from '../rows/columns.ts'
import { emptyTwins, planForLookups, planForTwins } from '../rows/stage.ts'
import { notSeenBy } from '../rows/versions.ts'
import { bring, type Columns, type Context, clearUnlike, mapped, notOfResident } from './placing/bring.ts'
import { clearEdges, settleEdges } from './placing/follows.ts'
import { keepPlaced, OWN_TABLES } from './placing/placed.ts'
import { clearBoosts, clearLikes, notHere } from './placing/reactions.ts'
import { progress } from './progress.ts'

type Answer<T> = Promise<T | Refusal>
type Done = { readonly done: true }
const DONE: Done = { done: true }

/**
 * Makes the staged member active with the next epoch. Called by the driver, and by the first request that finds them
 * staged; only when the directory has this home as theirs. Doing it again changes nothing. If this home gave its copy
 * back, the directory has lost that the move was given up: it is believed no more.
 */
export async function activate(deps: MoveDeps, call: MoveCall): Answer<Done> {
  const known = await readMove(deps.directory, call.move)
  if (!known || known.target !== deps.config.ordinal) return refuse('move-unknown')
  if (!AFTER_SWITCH.includes(known.step)) return refuse('move-not-so-far')
  // A copy that a restore brought back may be of somebody who has moved on since.
  const home = await deps.homes.freshById(known.memberId)
  if (home?.state !== 'active' || !endsWith(known, home)) return refuse('elsewhere')
  const [columns, gone] = await Promise.all([columnsOf(deps.db), frozenAndGone(deps)])
  const result = await asCaller(deps, call, async (tx, move) => {
    if (move.state === 'active') return DONE
    if (move.state === 'undone') return refuse('directory-regressed', { retryAfter: 60 })
    if (move.state !== 'sealed') return refuse('move-not-so-far')
    await takeTurn(tx)
    await sql`SELECT pg_advisory_xact_lock(${move.member_id}::bigint)`.execute(tx)
    await bringIn(tx, move, home.epoch, columns, gone)
    await notifyOfHome(tx, move.member_id)
    await setState(tx, move, 'active')
    return DONE
  })
  if (!isRefusal(result)) {
    deps.wake.soon('deliveries')
    deps.wake.soon('intake')
  } else if (result.code === 'directory-regressed') await deps.homes.disprove()
  return result
}

/** Who is frozen here and lives elsewhere by now: the directory knows, and this home only once it lets go of them. */
async function frozenAndGone(deps: MoveDeps): Promise<string[]> {
  const frozen = await deps.db.selectFrom('members').select('id').where('state', '=', 'frozen').execute()
  const homes = await Promise.all(frozen.map(({ id }) => deps.homes.freshById(id)))
  return frozen.flatMap(({ id }, index) => (homes[index]?.home === deps.config.ordinal ? [] : [id]))
}

/** Empties the staged copy of a member who has arrived. Late, for it is not to be waited for. */
export function tidy(deps: MoveDeps, call: MoveCall): Answer<Done> {
  return asCaller(deps, call, async (tx, move) => {
    if (move.state !== 'active') return refuse('move-not-so-far')
    // What was kept when they left this home earlier is of no more use, now that they are back.
    const before = await tx
      .selectFrom('moves')
      .select('id')
      .where('member_id', '=', move.member_id)
      .where('side', '=', 'source')
      .execute()
    for (const { id } of [move, ...before]) {
      await emptyTwins(
        tx,
        id,
        CARRIED.map(({ table }) => table),
      )
    }
    return DONE
  })
}

const OF_POSTS = [
  ['mentions', 'account_id'],
  ['post_tags', 'tag'],
] as const

async function bringIn(
  tx: InstanceTransaction,
  move: LocalMove,
  epoch: number,
  columns: Columns,
  gone: readonly string[],
): Promise<void> {
  const context: Context = { tx, move, columns, me: sql`${move.member_id}::bigint`, gone }
  const { me } = context
  await bring(context, 'accounts', { where: sql`t.id <> ${me}` })
  await bring(context, 'accounts', { where: sql`t.id = ${me}`, on: 'id' })
  await bringCached(context)
  const changed = sql`ANY (${await changedPosts(context)}::bigint[])`
  await planForTwins(tx)
  await sql`DELETE FROM posts WHERE account_id = ${me} AND id = ${changed} AND NOT EXISTS (
    SELECT FROM carried.posts AS t WHERE t.move = ${move.id}::bigint AND t.id = posts.id)`.execute(tx)
  for (const [table, name] of OF_POSTS) {
    await sql`DELETE FROM ${sql.id(table)} AS here WHERE here.post_id = ${changed}
      AND NOT EXISTS (SELECT FROM carried.${sql.id(table)} AS t WHERE t.move = ${move.id}::bigint
        AND t.post_id = here.post_id AND t.${sql.id(name)} = here.${sql.id(name)})`.execute(tx)
  }
  await clearEdges(context)
  await clearLikes(context)
  await clearBoosts(context)
  for (const [table, by] of OWN_TABLES) await clearUnlike(context, table, by)
  await planForLookups(tx)
  await bring(context, 'posts', {
    where: sql`t.account_id = ${me} AND t.id = ${changed}`,
    on: 'id',
    changed: true,
  })
  for (const [table, name] of OF_POSTS) {
    await bring(context, table, {
      where: sql`NOT EXISTS (SELECT FROM public.${sql.id(table)} AS here
        WHERE here.post_id = t.post_id AND here.${sql.id(name)} = t.${sql.id(name)})`,
    })
  }
  await settleEdges(context)
  await sql`DELETE FROM likes WHERE account_id = ${me} AND post_id NOT IN (
    SELECT ${mapped(me, 't.post_id')} FROM carried.likes AS t WHERE t.move = ${move.id}::bigint AND t.account_id = ${me})`.execute(
    tx,
  )
  await sql`DELETE FROM boosts WHERE account_id = ${me} AND post_id NOT IN (
    SELECT ${mapped(me, 't.post_id')} FROM carried.boosts AS t WHERE t.move = ${move.id}::bigint AND t.account_id = ${me})`.execute(
    tx,
  )
  for (const table of ['likes', 'boosts'] as const) {
    await bring(context, table, {
      where: sql`${notOfResident(context, 't.account_id')} AND ${notHere(table, me)}`,
    })
  }
  await bring(context, 'tombstones', { on: 'uri', changed: true })
  await bring(context, 'post_aliases', { where: sql`t.old_id <> ${mapped(me, 't.post_id')}` })
  for (const table of ['member_keys', 'sessions']) await bring(context, table, {})
  for (const [table] of OWN_TABLES) await bring(context, table, {})
  const own =
    columns.get('members')?.filter((name) => !['id', 'handle', 'state', 'epoch'].includes(name)) ?? []
  await sql`UPDATE members SET ${sql.join(own.map((name) => sql`${sql.id(name)} = t.${sql.id(name)}`))},
      state = ${move.was ?? 'active'}, epoch = ${epoch}
    FROM carried.members AS t WHERE t.move = ${move.id}::bigint AND t.id = members.id AND members.id = ${me}
      AND members.state = 'staged'`.execute(tx)
}

/**
 * Posts of others that come along. They are few beside the member's own, and are looked up once: to find none of them in
 * ten thousand takes as long as much of the rest.
 */
async function bringCached(context: Context): Promise<void> {
  const { tx, move, me } = context
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM carried.posts WHERE move = ${move.id}::bigint AND account_id <> ${me}`.execute(tx)
  if (rows.length === 0) return
  const ids = rows.map(({ id }) => id)
  const cached = sql`t.id = ANY (${ids}::bigint[])`
  // What this home knows under another id.
  await sql`INSERT INTO post_aliases (member_id, old_id, post_id)
    SELECT ${me}, t.id, here.id FROM carried.posts AS t JOIN posts AS here ON here.uri = t.uri AND here.id <> t.id
    WHERE t.move = ${move.id}::bigint AND ${cached}
    ON CONFLICT (member_id, old_id) DO UPDATE SET post_id = excluded.post_id`.execute(tx)
  await keepPlaced(tx, ids)
  // What was deleted here while it was still there on the way, and what residents here took back, stays away.
  await bring(context, 'posts', {
    where: sql`${cached} AND ${notOfResident(context, 't.account_id')}
      AND NOT EXISTS (SELECT FROM tombstones WHERE tombstones.uri = t.uri)`,
  })
}

/** Own posts that are not here as they are staged: written here or there since all was placed and compared. */
async function changedPosts({ tx, move, me }: Context): Promise<string[]> {
  const { compared } = progress.parse(move.progress)
  if (!compared) throw new Error(`move ${move.id} was sealed and never compared`)
  const isNew = notSeenBy(compared.target, sql`posts.xmin`)
  const { rows: here } = await sql<{ count: number; news: boolean | null }>`
    SELECT count(*)::integer AS count, bool_or(${isNew}) AS news FROM posts WHERE account_id = ${me}`.execute(
    tx,
  )
  const { rows: aliases } = await sql<{ old_id: string }>`
    SELECT old_id FROM post_aliases WHERE member_id = ${me}`.execute(tx)
  const staged = sql`carried.posts WHERE move = ${move.id}::bigint AND account_id = ${me}`
  const parts = [sql`SELECT id FROM ${staged} AND id = ANY (${compared.unlike}::bigint[])`]
  parts.push(sql`SELECT id FROM posts WHERE account_id = ${me} AND id = ANY (${compared.unlike}::bigint[])`)
  if (aliases.length > 0) {
    parts.push(
      sql`SELECT id FROM ${staged} AND in_reply_to_id = ANY (${aliases.map((one) => one.old_id)}::bigint[])`,
    )
  }
  // What was staged anew since is among `unlike`; only what happened here is to be looked for, and mostly nothing did.
  if (here[0]?.news === true || here[0]?.count !== compared.posts) {
    parts.push(sql`SELECT coalesce(t.id, here.id) FROM (SELECT id FROM ${staged}) AS t
      FULL JOIN (SELECT id, ${isNew} AS new FROM posts WHERE account_id = ${me}) AS here ON here.id = t.id
      WHERE t.id IS NULL OR here.id IS NULL OR here.new`)
  }
  const { rows } = await sql<{ id: string }>`${sql.join(parts, sql` UNION `)}`.execute(tx)
  return rows.map((row) => row.id)
}
