// Where a member lives, since when, and what they wish about it: read and changed by themselves.
import { sql } from 'kysely'
import type { Instance } from '../../instance.ts'
import { isRefusal, type Refusal, refuse } from '../../refusal.ts'
import { isDatabaseDown } from '../../store/failures.ts'
import { changeFor, inOtherWords } from '../change.ts'
import { AFTER_SWITCH } from '../moves/move.ts'
import { readNames } from './names.ts'

export const CHOICES = ['either', 'stay', 'move'] as const
export type Choice = (typeof CHOICES)[number]

export type OwnHome = {
  /** When they came to live there. */
  readonly since: Date | null
  /** `move` is over with the next move that begins. */
  readonly choice: Choice
  /** Handles of the people they would like to live with, whether or not these wish the same. */
  readonly together: readonly string[]
}

/** Whoever looks after a home stays in it unless they ask to move. */
export const staysByRole = (role: string): boolean => role !== 'member'

/** From the directory itself. Refuses `wishes-unreachable` if it cannot be read, or does not have this member. */
export async function readOwnHome(
  { directory }: Pick<Instance, 'directory'>,
  memberId: string,
): Promise<OwnHome | Refusal> {
  try {
    const row = await directory
      .selectFrom('members as m')
      .leftJoin('wishes as w', 'w.member_id', 'm.id')
      .select(['m.role', 'm.activated_at', 'w.pinned', 'w.wants_move', 'w.changed_at'])
      .leftJoinLateral(
        (eb) =>
          eb
            .selectFrom('moves')
            .select(['created_at as begun_at', 'changed_at as moved_at'])
            .whereRef('member_id', '=', 'm.id')
            .where('step', 'in', [...AFTER_SWITCH])
            .orderBy('id', 'desc')
            .limit(1)
            .as('last'),
        (join) => join.onTrue(),
      )
      .select(['last.begun_at', 'last.moved_at'])
      .select(
        sql<
          string[]
        >`ARRAY(SELECT other.handle FROM together JOIN members AS other ON other.id = together.with_id
          WHERE together.member_id = m.id AND other.state = 'active' ORDER BY other.handle)`.as('together'),
      )
      .where('m.id', '=', memberId)
      .executeTakeFirst()
    // Who asks lives at this home: the directory is older than their coming.
    if (!row) return refuse('wishes-unreachable')
    const asked = row.wants_move && !(row.begun_at && row.changed_at && row.changed_at < row.begun_at)
    const stays = row.pinned || staysByRole(row.role)
    return {
      since: row.moved_at ?? row.activated_at,
      choice: asked ? 'move' : stays ? 'stay' : 'either',
      together: row.together,
    }
  } catch (error) {
    if (isDatabaseDown(error)) return refuse('wishes-unreachable')
    throw error
  }
}

/**
 * Replaces what a member wishes. `names` is as they typed it: see readNames for what is refused, and
 * `unknown-name` for a name that nobody in the community has.
 */
export async function changeWishes(
  instance: Pick<Instance, 'directory' | 'homes' | 'config'>,
  member: { readonly id: string; readonly handle: string },
  wished: { readonly choice: Choice; readonly names: string },
): Promise<{ done: true } | Refusal> {
  const handles = readNames(wished.names, { handle: member.handle, domain: instance.config.domain })
  if (isRefusal(handles)) return handles
  const result = await changeFor(instance, async (tx) => {
    const found =
      handles.length === 0
        ? []
        : await tx
            .selectFrom('members')
            .select(['id', 'handle'])
            .where('handle', 'in', handles)
            .where('state', '=', 'active')
            .where('id', '<>', member.id)
            .execute()
    const missing = handles.find((handle) => !found.some((one) => one.handle === handle))
    if (missing !== undefined) return refuse('unknown-name', { details: { name: `@${missing}` } })
    const values = {
      pinned: wished.choice === 'stay',
      wants_move: wished.choice === 'move',
      changed_at: sql<Date>`now()`,
    }
    await tx
      .insertInto('wishes')
      .values({ member_id: member.id, ...values })
      .onConflict((conflict) => conflict.column('member_id').doUpdateSet(values))
      .execute()
    await tx.deleteFrom('together').where('member_id', '=', member.id).execute()
    if (found.length > 0)
      await tx
        .insertInto('together')
        .values(found.map(({ id }) => ({ member_id: member.id, with_id: id })))
        .execute()
    return { done: true as const }
  })
  return inOtherWords(result, 'wishes-unreachable')
}
