// When members said what they wish: a plan is as old as what it heeded.
import { sql } from 'kysely'
import type { DirectoryDatabase, DirectoryTransaction } from '../../store/database.ts'

/** By member: when they last said what they wish, to compare with. Whoever never did is not there. */
export type Spoken = ReadonlyMap<string, string>

const at = sql<string>`changed_at::text`.as('at')

/** To be read before the wishes themselves, so that what is said in between counts as said since. */
export async function readSpoken(directory: DirectoryDatabase): Promise<Spoken> {
  const rows = await directory.selectFrom('wishes').select(['member_id', at]).execute()
  return new Map(rows.map((row) => [row.member_id, row.at]))
}

/** Whether this member has said anything after `spoken` was read. */
export async function hasSpokenSince(
  tx: DirectoryTransaction,
  memberId: string,
  spoken: Spoken,
): Promise<boolean> {
  const row = await tx.selectFrom('wishes').select(at).where('member_id', '=', memberId).executeTakeFirst()
  return row?.at !== spoken.get(memberId)
}
