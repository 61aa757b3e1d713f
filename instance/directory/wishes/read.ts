// What all members wish about where they live, for whoever plans moves.
import { sql } from 'kysely'
import type { DirectoryDatabase } from '../../store/database.ts'
import { AFTER_SWITCH } from '../moves/move.ts'
import { staysByRole } from './own.ts'

export type Wishes = {
  /** They stay where they are: by their wish, or because they look after their home and have not asked to move. */
  readonly pinned: boolean
  /** They have asked to be nearer to the people they follow, and were not moved since. */
  readonly wantsMove: boolean
  /** Ids of active members who name them and whom they name. */
  readonly together: readonly string[]
  /** Milliseconds since 1970, by the directory's clock; null: never. */
  readonly lastMovedAt: number | null
}

type Row = {
  id: string
  role: string
  pinned: boolean
  wants_move: boolean
  together: string[]
  moved_at: Date | null
}

/** Of every active member, by id, in one snapshot. Ids are for the memory of the operator only. */
export async function readWishes(directory: DirectoryDatabase): Promise<ReadonlyMap<string, Wishes>> {
  const { rows } = await sql<Row>`
    WITH moved AS (
      SELECT member_id, max(changed_at) AS at, max(created_at) AS begun_at FROM moves
      WHERE step IN (${sql.join(AFTER_SWITCH)}) GROUP BY member_id
    ), mutual AS (
      SELECT a.member_id, array_agg(a.with_id::text ORDER BY a.with_id) AS ids
      FROM together AS a JOIN together AS b ON b.member_id = a.with_id AND b.with_id = a.member_id
      JOIN members AS other ON other.id = a.with_id AND other.state = 'active'
      GROUP BY a.member_id
    )
    SELECT m.id, m.role, coalesce(w.pinned, false) AS pinned, moved.at AS moved_at,
           coalesce(w.wants_move AND (moved.at IS NULL OR w.changed_at >= moved.begun_at), false) AS wants_move,
           coalesce(mutual.ids, '{}') AS together
    FROM members AS m
    LEFT JOIN wishes AS w ON w.member_id = m.id
    LEFT JOIN moved ON moved.member_id = m.id
    LEFT JOIN mutual ON mutual.member_id = m.id
    WHERE m.state = 'active' ORDER BY m.id`.execute(directory)
  return new Map(
    rows.map((row) => [
      row.id,
      {
        pinned: !row.wants_move && (row.pinned || staysByRole(row.role)),
        wantsMove: row.wants_move,
        together: row.together,
        lastMovedAt: row.moved_at?.getTime() ?? null,
      },
    ]),
  )
}
