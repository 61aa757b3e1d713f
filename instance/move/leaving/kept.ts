// What was kept of somebody who left is shown to the home that they went to and that has lost them by a restore.
import type { z } from 'zod'
import { AFTER_SWITCH, endsWith } from '../../directory/moves/move.ts'
import { readMove } from '../../directory/moves/read.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import type { KeptPage, pageCall } from '../calls.ts'
import { asCaller, type MoveDeps } from '../fence.ts'
import { columnsOf } from '../rows/columns.ts'
import { exportPage, inSnapshot } from '../rows/export.ts'
import { exportKeptPage } from '../rows/kept.ts'

/**
 * A page of what this home kept: aside, or, if the restore came between the switch and the letting go, still in its
 * place. Only to the home where the member lives by the directory, and only what left by the move that led there.
 */
export async function showKept(
  deps: MoveDeps,
  asker: number | undefined,
  call: z.infer<typeof pageCall>,
): Promise<KeptPage | Refusal> {
  const known = await readMove(deps.directory, call.move)
  if (known?.source !== deps.config.ordinal || known.target !== asker) return refuse('forbidden')
  const home = await deps.homes.freshById(known.memberId)
  if (!AFTER_SWITCH.includes(known.step) || !home || !endsWith(known, home)) return refuse('forbidden')
  const move = await asCaller(deps, call, async (_tx, held) =>
    held.side === 'source' && (held.state === 'demoted' || held.state === 'frozen')
      ? held
      : refuse('move-unknown'),
  )
  if (isRefusal(move)) return move
  const columns = await columnsOf(deps.db)
  const page = await inSnapshot(deps.db, (tx) =>
    move.state === 'frozen'
      ? exportPage(tx, move.member_id, call.at)
      : exportKeptPage(tx, columns, move, call.at),
  )
  return { ...page, was: move.was }
}
