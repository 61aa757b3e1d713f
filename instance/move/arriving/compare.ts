// Are both copies the same? All is compared while the member goes on writing, and after the freeze what changed since.
import { randomUUID } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { InstanceTransaction } from '../../store/database.ts'
import type { Digests, Keys, MoveCall } from '../calls.ts'
import { asCaller, type LocalMove, setState } from '../fence.ts'
import { CARRIED, keyText } from '../rows/carried.ts'
import { columnsOf } from '../rows/columns.ts'
import { differing, digestsOf, digestsOfRows, sameText } from '../rows/digest.ts'
import { planForTwins, stageDelta } from '../rows/stage.ts'
import { notSeenBy } from '../rows/versions.ts'
import { askDelta, begin, placeAhead } from './copy.ts'
import { unlikePosts } from './placing/placed.ts'
import { progress } from './progress.ts'
import { staged, type TargetDeps } from './target.ts'

type Answer<T> = Promise<T | Refusal>
type Done = { readonly done: true }
const DONE: Done = { done: true }

/**
 * Catches up, and holds all that is staged against digests that the source took in the same snapshot. What was the
 * same here need not be read again after the freeze, when the member waits.
 */
export async function compare(deps: TargetDeps, call: MoveCall): Answer<Done> {
  const run = randomUUID()
  const begun = await begin(deps, call, run, ['copied'])
  if (isRefusal(begun)) return begun
  const before = progress.parse(begun.progress)
  const got = await askDelta(deps, begun.other, { ...call, since: before.snapshot, digests: 'all' })
  if (isRefusal(got)) return got
  const columns = await columnsOf(deps.db)
  const note = (tx: InstanceTransaction, more: object) =>
    tx
      .updateTable('moves')
      .set({ progress: JSON.stringify({ ...before, snapshot: got.snapshot, ...more }) })
      .where('id', '=', call.move)
      .execute()
  const caught = await asCaller(deps, call, async (tx, move) => {
    if (move.run !== run) return refuse('move-overtaken')
    await stageDelta(tx, columns, move, got)
    await note(tx, { compared: null })
    return DONE
  })
  if (isRefusal(caught)) return caught
  const placed = await placeAhead(deps, call, run)
  if (isRefusal(placed)) return placed
  return asCaller(deps, call, async (tx, move) => {
    if (move.run !== run) return refuse('move-overtaken')
    // Taken first: what is committed between this and the reading of the rows is then read twice, not never.
    const { rows } = await sql<{ target: string }>`SELECT pg_current_snapshot()::text AS target`.execute(tx)
    const target = rows[0]?.target ?? ''
    await planForTwins(tx)
    await sameText(tx)
    const different = same(got.digests, await digestsOf(tx, move.member_id, staged(move.id), columns))
    if (different) return different
    const { counts } = await lookOver(tx, move, target)
    // Counted first: of two that see different rows the second must be the one that looks at them.
    const here = await tx
      .selectFrom('posts')
      .select((eb) => eb.cast<number>(eb.fn.countAll(), 'integer').as('posts'))
      .where('account_id', '=', move.member_id)
      .executeTakeFirstOrThrow()
    const unlike = await unlikePosts({ tx, move, columns, me: sql`${move.member_id}::bigint`, gone: [] })
    await note(tx, {
      compared: { source: got.snapshot, target, counts, posts: here.posts, unlike },
    })
    return DONE
  })
}

/**
 * Fetches and applies what the frozen member's home changed since `compare`, holds just that against the source, and
 * seals: nothing is staged any more after this. One transaction, so a sealed copy is one that was the same.
 */
export async function seal(deps: TargetDeps, call: MoveCall): Answer<Done> {
  const run = randomUUID()
  const begun = await begin(deps, call, run, ['copied', 'sealed'])
  if (isRefusal(begun)) return begun
  if (begun.state === 'sealed') return DONE
  const before = progress.parse(begun.progress)
  const { compared } = before
  if (!compared) return refuse('move-not-so-far')
  const got = await askDelta(deps, begun.other, { ...call, since: compared.source, digests: 'changed' })
  if (isRefusal(got)) return got
  const columns = await columnsOf(deps.db)
  return asCaller(deps, call, async (tx, move) => {
    if (move.run !== run) return refuse('move-overtaken')
    await planForTwins(tx)
    await sameText(tx)
    const { counts, written } = await lookOver(tx, move, compared.target)
    const lost = Object.keys(counts).filter((table) => counts[table] !== compared.counts[table])
    if (lost.length > 0) return differ(lost)
    await stageDelta(tx, columns, move, got)
    const keys = [...got.own, ...got.gone, ...written]
    const here = await digestsOfRows(tx, move.member_id, staged(move.id), columns, keys)
    const different = same(got.digests, here)
    if (different) return different
    await tx
      .updateTable('moves')
      .set({
        progress: JSON.stringify({
          ...before,
          snapshot: got.snapshot,
          compared: { ...compared, unlike: [...compared.unlike, ...postsOf(keys)] },
        }),
        was: got.was,
      })
      .where('id', '=', move.id)
      .execute()
    await setState(tx, move, 'sealed')
    return DONE
  })
}

/** The posts that these rows are, or whose mentions or hashtags they are. */
const postsOf = (keys: Keys): string[] => [
  ...new Set(
    keys.flatMap(([table, [post]]) =>
      ['posts', 'mentions', 'post_tags'].includes(table) && post !== undefined ? [post] : [],
    ),
  ),
]

const differ = (tables: readonly string[]): Refusal =>
  refuse('copies-differ', { details: { tables: tables.join(', ') } })

/** What is refused if two copies differ. */
function same(there: Digests | undefined, here: Digests): Refusal | undefined {
  const different = there ? differing(there, here) : ['all']
  return different.length === 0 ? undefined : differ(different)
}

/**
 * The staged rows, table by table: how many, and which were written since a snapshot. Between comparing and sealing
 * nobody should write any, or lose any.
 */
async function lookOver(
  tx: InstanceTransaction,
  move: Pick<LocalMove, 'id' | 'member_id'>,
  snapshot: string,
): Promise<{ counts: Record<string, number>; written: Keys }> {
  const parts = CARRIED.map((one): RawBuilder<unknown> => {
    const rows =
      one.table === 'media'
        ? sql`public.media WHERE media.member_id = ${move.member_id}::bigint`
        : sql`carried.${sql.id(one.table)} WHERE move = ${move.id}::bigint`
    return sql`SELECT ${one.table} AS in_table, count(*)::integer AS count, json_agg(${keyText(one)})
      FILTER (WHERE ${notSeenBy(snapshot, sql.ref(`${one.table}.xmin`))}) AS written FROM ${rows}`
  })
  const { rows } = await sql<{ in_table: string; count: number; written: string[][] | null }>`
    ${sql.join(parts, sql` UNION ALL `)}`.execute(tx)
  return {
    counts: Object.fromEntries(rows.map(({ in_table, count }) => [in_table, count])),
    written: rows.flatMap(({ in_table, written }) =>
      (written ?? []).map((key): [string, string[]] => [in_table, key]),
    ),
  }
}
