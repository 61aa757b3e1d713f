// Beginning a move: a seat at the target, or why there is none.
import { sql } from 'kysely'
import { type Refusal, refuse } from '../../refusal.ts'
import type { DirectoryTransaction } from '../../store/database.ts'
import { nextId } from '../../store/ids.ts'
import type { Move } from './move.ts'
import { asMove, MOVE_COLUMNS } from './read.ts'

/**
 * Reserves a seat for an active member at another instance. Only inside changeDirectory, whose lock makes the looking
 * and the taking one step; the triggers of the tables count the seat and refuse one too many whatever is asked here.
 * With `perHour` no more than so many are begun within an hour, however many processes think that they lead.
 */
export async function beginMove(
  tx: DirectoryTransaction,
  wanted: { readonly memberId: string; readonly target: number; readonly perHour?: number },
): Promise<Move | Refusal> {
  const member = await tx
    .selectFrom('members')
    .select(['id', 'home', 'epoch', 'state'])
    .where('id', '=', wanted.memberId)
    .executeTakeFirst()
  if (!member) return refuse('member-unknown')
  if (member.state !== 'active')
    return refuse(member.state === 'pending' ? 'member-pending' : 'member-deleted')
  if (member.home === wanted.target) return refuse('target-is-home')
  const moving = await tx
    .selectFrom('moves')
    .select('id')
    .where('member_id', '=', member.id)
    .where('step', 'not in', ['done', 'undone'])
    .executeTakeFirst()
  if (moving) return refuse('already-moving')
  const target = await tx
    .selectFrom('instances')
    .select(['state', 'cap', 'taken'])
    .where('ordinal', '=', wanted.target)
    .executeTakeFirst()
  if (!target) return refuse('target-unknown')
  if (target.state === 'Opening') return refuse('target-opening')
  if (target.state !== 'Active') return refuse('target-closing')
  if (target.taken >= target.cap) return refuse('target-full')
  if (wanted.perHour !== undefined && (await begunLately(tx)) >= wanted.perHour)
    return refuse('moves-per-hour')
  const row = await tx
    .insertInto('moves')
    .values({
      id: await nextId(tx),
      member_id: member.id,
      source: member.home,
      target: wanted.target,
      epoch: member.epoch,
    })
    .returning(MOVE_COLUMNS)
    .executeTakeFirstOrThrow()
  return asMove(row)
}

async function begunLately(tx: DirectoryTransaction): Promise<number> {
  const { many } = await tx
    .selectFrom('moves')
    .select(sql<number>`count(*)::integer`.as('many'))
    .where('created_at', '>', sql<Date>`now() - interval '1 hour'`)
    .executeTakeFirstOrThrow()
  return many
}
