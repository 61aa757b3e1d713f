// How often somebody may try: counted in the directory, so that more pods do not mean more tries.
import { createHmac } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import { sql } from 'kysely'
import type { Instance } from '../instance.ts'
import { type Refusal, refuse } from '../refusal.ts'
import { isDatabaseDown } from '../store/failures.ts'

/** `name`: wrong passwords for a handle; `known`: those of a browser that its member used before. */
export type RateKind = 'sign-up' | 'log-in' | 'name' | 'known' | 'reset'

/** A whole IPv6 /64 is one client: anybody who has one address there has all of them. */
export function clientOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return `${parsed.toByteArray().slice(0, 8).join('.')}/64`
}

/**
 * Counts one try of `subject` (a client address, a handle, a known browser) and refuses (`too-many`, or
 * `too-many-for-name`, with the seconds until the window ends) when there were more than `perHour`. Subjects are stored
 * as keyed hashes. While the directory is down
 * nothing is refused here: passwords still cost their hash, and only two are hashed at a time.
 */
export async function countTry(
  { directory, secret }: Pick<Instance, 'directory' | 'secret'>,
  kind: RateKind,
  subject: string,
  perHour: number,
): Promise<Refusal | undefined> {
  try {
    const row = await directory
      .insertInto('rate_limits')
      .values({
        bucket: bucket(secret, kind, subject),
        count: 1,
        ends_at: sql<Date>`now() + interval '1 hour'`,
      })
      .onConflict((conflict) =>
        conflict.column('bucket').doUpdateSet({
          count: sql`CASE WHEN rate_limits.ends_at <= now() THEN 1 ELSE rate_limits.count + 1 END`,
          ends_at: sql`CASE WHEN rate_limits.ends_at <= now() THEN excluded.ends_at ELSE rate_limits.ends_at END`,
        }),
      )
      .returning(['count', sql<number>`ceil(extract(epoch FROM ends_at - now()))::int`.as('seconds')])
      .executeTakeFirstOrThrow()
    if (row.count <= perHour) return undefined
    return refuse(kind === 'name' || kind === 'known' ? 'too-many-for-name' : 'too-many', {
      retryAfter: Math.max(1, row.seconds),
      details: { minutes: Math.max(1, Math.ceil(row.seconds / 60)) },
    })
  } catch (error) {
    if (isDatabaseDown(error)) return undefined
    throw error
  }
}

/** Takes one try back that was no failure. Counting first, and not only what failed, lets nobody try more at once. */
export async function takeBackTry(
  { directory, secret }: Pick<Instance, 'directory' | 'secret'>,
  kind: RateKind,
  subject: string,
): Promise<void> {
  try {
    await directory
      .updateTable('rate_limits')
      .set({ count: sql`greatest(count - 1, 0)` })
      .where('bucket', '=', bucket(secret, kind, subject))
      .execute()
  } catch (error) {
    if (!isDatabaseDown(error)) throw error
  }
}

function bucket(secret: Uint8Array, kind: RateKind, subject: string): string {
  const hash = createHmac('sha256', secret).update(`rate\0${subject}`).digest('base64url').slice(0, 22)
  return `${kind}:${hash}`
}

/** Removes counters whose hour is over. */
export async function forgetOldTries({ directory }: Pick<Instance, 'directory'>): Promise<void> {
  await directory.deleteFrom('rate_limits').where('ends_at', '<', sql<Date>`now()`).execute()
}
