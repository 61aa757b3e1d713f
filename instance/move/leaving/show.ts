// What the home that a member leaves shows to the one that they go to, and to nobody else.
import type { z } from 'zod'
import { isOver } from '../../directory/moves/move.ts'
import { readMove } from '../../directory/moves/read.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { Delta, deltaCall, MoveCall, Page, pageCall } from '../calls.ts'
import { asCaller, type LocalMove, type MoveDeps } from '../fence.ts'
import { HOME } from '../rows/carried.ts'
import { columnsOf } from '../rows/columns.ts'
import { digestsOf, digestsOfRows, schemaOf } from '../rows/digest.ts'
import { exportDelta, exportPage, inSnapshot } from '../rows/export.ts'

type Answer<T> = Promise<T | Refusal>

/** A page of the member's rows. */
export async function showPage(
  deps: MoveDeps,
  asker: number | undefined,
  call: z.infer<typeof pageCall>,
): Answer<Page> {
  const move = await allowed(deps, asker, call)
  if (isRefusal(move)) return move
  return inSnapshot(deps.db, (tx) => exportPage(tx, move.member_id, call.at))
}

/** Shows the target what changed, with digests of the same moment if it wants to compare. */
export async function showDelta(
  deps: MoveDeps,
  asker: number | undefined,
  call: z.infer<typeof deltaCall>,
): Answer<Delta> {
  const last = call.digests === 'changed'
  const move = await allowed(deps, asker, call, last)
  if (isRefusal(move)) return move
  const columns = await columnsOf(deps.db)
  return inSnapshot(deps.db, async (tx) => {
    const { member_id: member, was } = move
    const delta = await exportDelta(tx, member, call.since)
    if (call.digests === undefined) return { ...delta, was }
    const digests =
      call.digests === 'all'
        ? await digestsOf(tx, member, HOME, columns)
        : await digestsOfRows(tx, member, HOME, columns, [...delta.own, ...delta.gone])
    return { ...delta, was, digests, schema: await schemaOf(tx) }
  })
}

/**
 * The directory itself must name the asker as the target: the community's key alone opens nobody's rows. Notes when the
 * `last` are to be shown: those of a frozen member, with which the target has all.
 */
async function allowed(
  deps: MoveDeps,
  asker: number | undefined,
  call: MoveCall,
  last = false,
): Answer<LocalMove> {
  const known = await readMove(deps.directory, call.move)
  if (known?.target !== asker || known?.source !== deps.config.ordinal || isOver(known.step))
    return refuse('forbidden')
  return asCaller(deps, call, async (tx, move) => {
    if (move.side !== 'source' || !['logging', 'quiet', 'frozen'].includes(move.state))
      return refuse('move-overtaken')
    if (!last) return move
    if (move.state !== 'frozen') return refuse('move-not-so-far')
    if (!move.shown) await tx.updateTable('moves').set({ shown: true }).where('id', '=', move.id).execute()
    return move
  })
}
