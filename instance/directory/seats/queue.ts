// People who came when every seat was taken, in the order in which they came.
import { sql } from 'kysely'
import type { DirectoryDatabase, DirectoryTransaction } from '../../store/database.ts'
import { instancesForNewcomers } from './newcomers.ts'
import { place } from './placement.ts'
import { insertSeat, type Seat, tokenText } from './seats.ts'

export type QueuedSignUp = { seat: Seat; passwordHash: string; displayName: string }

/**
 * Gives free seats to those who wait, in order, at most `limit`. Only inside changeDirectory: its lock lets each be
 * taken up once, whichever instances look. Instances in `avoid` gave no answer just now. They stay in the queue until their sign-up is committed, so a process that
 * dies half-way costs nobody their place.
 */
export async function seatTheWaiting(
  tx: DirectoryTransaction,
  limit: number,
  avoid: readonly number[] = [],
): Promise<QueuedSignUp[]> {
  const rows = await tx
    .selectFrom('waiting')
    .selectAll('waiting')
    .where((eb) =>
      eb.not(
        eb.exists(
          eb.selectFrom('members').select('members.id').where(
            'members.signup_token',
            '=',
            // base64url without padding, as tokenText writes it
            sql<string>`translate(encode(waiting.token_hash, 'base64'), '+/=', '-_')`,
          ),
        ),
      ),
    )
    .orderBy('id')
    .limit(limit)
    .execute()
  const seated: QueuedSignUp[] = []
  for (const row of rows) {
    const inviter =
      row.invite_hash &&
      (await tx
        .selectFrom('invites')
        .innerJoin('members', 'members.id', 'invites.created_by')
        .select('members.home')
        .where('invites.hash', '=', row.invite_hash)
        .executeTakeFirst())
    const answering = (await instancesForNewcomers(tx)).filter(
      (instance) => !avoid.includes(instance.ordinal),
    )
    const ordinal = place(answering, { inviterHome: inviter?.home })
    if (ordinal === undefined) break
    const seat = await insertSeat(tx, {
      handle: row.handle,
      tokenHash: row.token_hash,
      role: row.role,
      ordinal,
      inviteHash: row.invite_hash,
    })
    seated.push({ seat, passwordHash: row.password_hash, displayName: row.display_name })
  }
  return seated
}

export type Progress =
  /** `place` counts from 1. */
  | { state: 'waiting'; place: number; of: number }
  | { state: 'pending' | 'active'; id: string; home: number }
  | { state: 'unknown' }

/** Where the sign-up of this token stands. */
export async function readProgress(directory: DirectoryDatabase, tokenHash: Buffer): Promise<Progress> {
  const member = await directory
    .selectFrom('members')
    .select(['id', 'home', 'state'])
    .where('signup_token', '=', tokenText(tokenHash))
    .where('state', 'in', ['pending', 'active'])
    .executeTakeFirst()
  if (member?.state === 'active') return { state: 'active', id: member.id, home: member.home }
  const { rows } = await sql<{ place: number; all: number }>`
    SELECT (SELECT count(*)::int FROM waiting WHERE id <= mine.id) AS place,
           (SELECT count(*)::int FROM waiting) AS all
    FROM waiting AS mine WHERE mine.token_hash = ${tokenHash}`.execute(directory)
  const [queued] = rows
  if (queued) return { state: 'waiting', place: queued.place, of: queued.all }
  return member ? { state: 'pending', id: member.id, home: member.home } : { state: 'unknown' }
}
