// How much a member may send in an hour, and forms that must not count twice. In the home's own database, so that
// posting does not depend on the directory.
import { sql } from 'kysely'
import { type Refusal, refuse } from '../refusal.ts'
import type { InstanceTransaction } from '../store/database.ts'
import { ofMember } from '../store/kv.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Takes one of the member's `most` posts and boosts of this clock hour. Undone with the transaction. */
export async function spend(
  tx: InstanceTransaction,
  memberId: string,
  most: number,
  now: Date,
): Promise<Refusal | undefined> {
  const hour = Math.floor(now.getTime() / HOUR)
  const key = ofMember('spent', memberId, hour)
  // The row's lock makes posts that come together count one after the other.
  const { count } = await tx
    .insertInto('kv')
    .values({ key, value: '1', expires_at: new Date((hour + 1) * HOUR) })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({ value: sql`to_jsonb((kv.value #>> '{}')::integer + 1)` }),
    )
    .returning(sql<number>`(value #>> '{}')::integer`.as('count'))
    .executeTakeFirstOrThrow()
  if (count <= most) return undefined
  const left = (hour + 1) * HOUR - now.getTime()
  return refuse('too-many-posts', {
    retryAfter: Math.ceil(left / 1000),
    details: { most, minutes: Math.max(1, Math.ceil(left / 60_000)) },
  })
}

/**
 * Claims a form's key for `result`. Returns the result of an earlier sending of the same form, after waiting for one
 * that is still under way; undefined if this one is the first.
 */
export async function claimOnce(
  tx: InstanceTransaction,
  memberId: string,
  key: string,
  result: string,
  now: Date,
): Promise<string | undefined> {
  const name = ofMember('once', memberId, key)
  const claimed = await tx
    .insertInto('kv')
    .values({ key: name, value: JSON.stringify(result), expires_at: new Date(now.getTime() + DAY) })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('key')
    .executeTakeFirst()
  if (claimed) return undefined
  const earlier = await tx.selectFrom('kv').select('value').where('key', '=', name).executeTakeFirst()
  return typeof earlier?.value === 'string' ? earlier.value : undefined
}
