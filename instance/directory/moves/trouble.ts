// What keeps a move from going on: which home did not do its part, since when, and how often it was asked in vain.
import { sql } from 'kysely'
import { z } from 'zod'
import { type Refusal, refuse } from '../../refusal.ts'
import type { DirectoryTransaction } from '../../store/database.ts'
import type { Move } from './move.ts'

/** A call that led nowhere. */
const blame = z.object({
  /** The home that did not do its part. */
  ordinal: z.number(),
  /** What it was asked for. */
  verb: z.string(),
  /** The HTTP status, or the code of a refusal that time may end; null: no answer. */
  answer: z.string().nullable(),
})
export type Blame = z.infer<typeof blame>

const trouble = blame.extend({
  /** Where the move stood. At another one all this is over. */
  step: z.string(),
  /** Milliseconds since 1970, by the directory's clock. */
  since: z.number(),
  tries: z.number(),
})
export type Trouble = z.infer<typeof trouble>

/** Pure. What is known of it once another call has led nowhere: it began with the first one at this step. */
export function another(before: Trouble | undefined, step: string, now: number, last: Blame): Trouble {
  const same = before?.step === step ? before : undefined
  return { ...last, step, since: same?.since ?? now, tries: (same?.tries ?? 0) + 1 }
}

/**
 * Notes that a call of the move's driver led nowhere. It is in the directory, for the next driver goes on counting. Refuses
 * `move-overtaken` if there is another one by now.
 */
export async function noteTrouble(
  tx: DirectoryTransaction,
  move: Move,
  last: Blame,
): Promise<{ readonly trouble: Trouble; readonly now: number } | Refusal> {
  const row = await tx
    .selectFrom('moves')
    .select('trouble')
    .select(sql<number>`floor(extract(epoch FROM clock_timestamp()) * 1000)::float8`.as('now'))
    .where('id', '=', move.id)
    .where('attempt', '=', move.attempt)
    .where('step', '=', move.step)
    .executeTakeFirst()
  if (!row) return refuse('move-overtaken')
  const found = another(trouble.safeParse(row.trouble).data, move.step, row.now, last)
  await tx
    .updateTable('moves')
    .set({ trouble: JSON.stringify(found) })
    .where('id', '=', move.id)
    .execute()
  return { trouble: found, now: row.now }
}
