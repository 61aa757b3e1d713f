// What a home's database says of who lives there, read whole and once. It stays in memory.
import type { Session } from '../postgres/server/session.ts'
import type { HomeReport } from './facts.ts'

const ISO = (time: string) => `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

const REPORT = `SELECT json_build_object(
  'ordinal', (SELECT ordinal FROM identity),
  'cap', (SELECT cap FROM home),
  'incarnation', (SELECT directory_incarnation FROM home),
  'revision', (SELECT directory_revision::text FROM home),
  'residents', (SELECT coalesce(json_agg(json_build_object('id', id::text, 'handle', handle, 'state', state, 'epoch', epoch,
      'role', role, 'signupToken', signup_token, 'expiresAt', ${ISO('expires_at')}) ORDER BY id), '[]')
      FROM members WHERE state NOT IN ('staged', 'leaving')),
  'moves', (SELECT coalesce(json_agg(json_build_object('id', id::text, 'side', side, 'member', member_id::text, 'other', other,
      'epoch', epoch, 'attempt', attempt, 'state', state, 'createdAt', ${ISO('created_at')},
      'handle', coalesce((SELECT handle FROM members AS m WHERE m.id = member_id),
        (SELECT handle FROM carried.members AS kept WHERE kept.move = moves.id AND kept.id = member_id)),
      'left', EXISTS (SELECT FROM members AS m WHERE m.id = member_id AND m.state = 'leaving' AND m.epoch = moves.epoch),
      'changedAt', ${ISO('changed_at')}) ORDER BY id), '[]') FROM moves)) AS report`

type Row = Omit<HomeReport, 'seen'> & { readonly incarnation: number; readonly revision: string }

/** Everything in one statement, so in one snapshot. Throws what PostgreSQL throws. */
export async function readReport(session: Session): Promise<HomeReport> {
  const [row] = await session.query<{ report: Row }>(REPORT)
  if (!row) throw new Error('the database gave no row')
  const { incarnation, revision, ...report } = row.report
  return { ...report, seen: { incarnation, revision: BigInt(revision) } }
}
