// What moves were for, and how many there were: numbers for the people who look after a community.
import { sql } from 'kysely'
import type { DirectoryDatabase, DirectoryTransaction } from '../../store/database.ts'
import { AFTER_SWITCH } from './move.ts'

export type RebalanceNote = {
  /** The uid of the Rebalance, as in its moves. */
  readonly id: string
  readonly reason: 'Asked' | 'Overflow' | 'Headroom' | 'Draining' | 'Wishes' | 'Unfinished'
  /** Percent of all friendship within homes. */
  readonly keptBefore?: number
  readonly keptAfter?: number
}

/** Says what a Rebalance is for. What was kept before its first move is not said anew; the rest follows the latest plan. */
export async function noteRebalance(tx: DirectoryTransaction, note: RebalanceNote): Promise<void> {
  const { id, reason, keptBefore, keptAfter } = note
  await tx
    .insertInto('rebalances')
    .values({ id, reason, kept_before: keptBefore ?? null, kept_after: keptAfter ?? null })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({
        kept_before: sql`coalesce(rebalances.kept_before, excluded.kept_before)`,
        kept_after: sql`coalesce(excluded.kept_after, rebalances.kept_after)`,
      }),
    )
    .execute()
}

/** A plan that waits until the people who run the servers approve it. `moves`: undefined where not all homes could be asked. */
export type Proposed = { readonly reason: string; readonly moves: number | undefined }

export async function readProposed(directory: DirectoryDatabase): Promise<Proposed | undefined> {
  const settings = await directory
    .selectFrom('settings')
    .select(['proposed_reason', 'proposed_moves'])
    .executeTakeFirst()
  if (!settings || settings.proposed_reason === null) return undefined
  return { reason: settings.proposed_reason, moves: settings.proposed_moves ?? undefined }
}

export type DayOfMoves = {
  /** In UTC, as `2026-11-25`. */
  readonly day: string
  /** Undefined for moves that belong to none, or to one that nothing was noted of. */
  readonly reason: string | undefined
  readonly keptBefore: number | undefined
  readonly keptAfter: number | undefined
  readonly ways: readonly { readonly source: number; readonly target: number; readonly moved: number }[]
  /** Moves that were given up: their members live where they were. */
  readonly undone: number
}

type Row = {
  day: string
  rebalance: string | null
  reason: string | null
  kept_before: number | null
  kept_after: number | null
  source: number
  target: number
  moved: number
  undone: number
}

/** What moved in the last `days`, by day and Rebalance, newest first: how many from where to where, and nobody's name. */
export async function readDaysOfMoves(directory: DirectoryDatabase, days: number): Promise<DayOfMoves[]> {
  const { rows } = await sql<Row>`
    SELECT to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, m.rebalance, r.reason, r.kept_before,
           r.kept_after, m.source, m.target,
           (count(*) FILTER (WHERE m.step IN (${sql.join(AFTER_SWITCH)})))::integer AS moved,
           (count(*) FILTER (WHERE m.step IN ('undoing', 'undone')))::integer AS undone
    FROM moves AS m LEFT JOIN rebalances AS r ON r.id = m.rebalance
    WHERE m.created_at > now() - ${days} * interval '1 day'
    GROUP BY day, m.rebalance, r.id, m.source, m.target
    ORDER BY day DESC, m.rebalance, m.source, m.target`.execute(directory)
  const found = new Map<string, Row[]>()
  for (const row of rows) {
    const key = `${row.day} ${row.rebalance}`
    found.set(key, [...(found.get(key) ?? []), row])
  }
  return [...found.values()].flatMap((same) => {
    const [first] = same
    const ways = same.filter(({ moved }) => moved > 0)
    const undone = same.reduce((total, one) => total + one.undone, 0)
    if (!first || (ways.length === 0 && undone === 0)) return []
    return [
      {
        day: first.day,
        reason: first.reason ?? undefined,
        keptBefore: first.kept_before ?? undefined,
        keptAfter: first.kept_after ?? undefined,
        ways: ways.map(({ source, target, moved }) => ({ source, target, moved })),
        undone,
      },
    ]
  })
}
