// How often somebody may try: counted in the directory, so that more pods do not mean more tries.
import { createHmac } from 'node:crypto'
import ipaddr from 'ipaddr.js'
import { sql } from 'kysely'
import type { Instance } from '../instance.ts'
import { type Refusal, refuse } from '../refusal.ts'
import { isDatabaseDown } from '../store/failures.ts'

export type RateKind = 'sign-up' | 'log-in' | 'post' | 'reset'

/** A whole IPv6 /64 is one client: anybody who has one address there has all of them. */
export function clientOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return `${parsed.toByteArray().slice(0, 8).join('.')}/64`
}

/**
 * Counts one try of `subject` (a client address or a member id) and refuses (`too-many`, with the seconds until the
 * window ends) when there were more than `perHour`. Addresses are stored as keyed hashes. While the directory is down
 * nothing is refused here: passwords still cost their hash, and only two are hashed at a time.
 */
export async function countTry(
  { directory, secret }: Pick<Instance, 'directory' | 'secret'>,
  kind: RateKind,
  subject: string,
  perHour: number,
): Promise<Refusal | undefined> {
  const hash = createHmac('sha256', secret).update(`rate\0${subject}`).digest('base64url').slice(0, 22)
  try {
    const row = await directory
      .insertInto('rate_limits')
      .values({ bucket: `${kind}:${hash}`, count: 1, ends_at: sql<Date>`now() + interval '1 hour'` })
      .onConflict((conflict) =>
        conflict.column('bucket').doUpdateSet({
          count: sql`CASE WHEN rate_limits.ends_at <= now() THEN 1 ELSE rate_limits.count + 1 END`,
          ends_at: sql`CASE WHEN rate_limits.ends_at <= now() THEN excluded.ends_at ELSE rate_limits.ends_at END`,
        }),
      )
      .returning(['count', sql<number>`ceil(extract(epoch FROM ends_at - now()))::int`.as('seconds')])
      .executeTakeFirstOrThrow()
    if (row.count <= perHour) return undefined
    return refuse('too-many', {
      retryAfter: Math.max(1, row.seconds),
      details: { minutes: Math.max(1, Math.ceil(row.seconds / 60)) },
    })
  } catch (error) {
    if (isDatabaseDown(error)) return undefined
    throw error
  }
}

/** Removes counters whose hour is over. */
export async function forgetOldTries({ directory }: Pick<Instance, 'directory'>): Promise<void> {
  await directory.deleteFrom('rate_limits').where('ends_at', '<', sql<Date>`now()`).execute()
}
