// The home that a member comes to copies their rows while they go on writing.
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { z } from 'zod'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { type Delta, type DeltaCall, delta, MOVES, type MoveCall, type Page, page } from '../calls.ts'
import { asCaller, setState } from '../fence.ts'
import { columnsOf } from '../rows/columns.ts'
import { schemaOf } from '../rows/digest.ts'
import { stageDelta, stageRows } from '../rows/stage.ts'
import { placeOthers, placePosts, unplaced } from './placing/placed.ts'
import { progress } from './progress.ts'
import type { TargetDeps } from './target.ts'

type Answer<T> = Promise<T | Refusal>
type Done = { readonly done: true }
const DONE: Done = { done: true }

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
    await placeOthers({ tx, move, columns, me: sql`${move.member_id}::bigint`, gone: [] })
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
  if (answer.status !== 200)
    return refuse('unavailable', { details: { ordinal, verb: what, status: answer.status } })
  return shape.parse(answer.body)
}

/** What changed at the source, with digests if they are asked for: of other tables than here, those would say nothing. */
export async function askDelta(deps: TargetDeps, ordinal: number, call: DeltaCall): Answer<Delta> {
  // At once: the member may be frozen.
  const [got, schema] = await Promise.all([
    askSource(deps, ordinal, 'delta', call, delta),
    call.digests && schemaOf(deps.db),
  ])
  return isRefusal(got) || got.schema === schema ? got : refuse('versions-differ')
}
