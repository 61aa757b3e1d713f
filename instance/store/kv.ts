// The table kv: small values, always with an end. Whose they are is in their names, so every name is made here.
import { type ColumnType, type RawBuilder, sql } from 'kysely'
import type { InstanceDatabase } from './database.ts'
import type { kv as Row } from './gen/instance-tables.ts'

/** All kinds of names, and whose a value is. A member's moves with them; a home's is found anew elsewhere. */
export const KV = {
  /** Forms that were sent already. */
  once: 'member',
  /** How much was posted this hour. */
  spent: 'member',
  /** Public keys of other servers' people. */
  key: 'home',
} as const satisfies Readonly<Record<string, 'member' | 'home'>>

type Kind<Of> = { [K in keyof typeof KV]: (typeof KV)[K] extends Of ? K : never }[keyof typeof KV]

declare const made: unique symbol
/** A name of a declared kind: the table takes no other. */
export type KvName = string & { readonly [made]: true }

/** The table as it is written: by names that were made here, which never change. */
export type KvTable = Omit<Row, 'key'> & { key: ColumnType<string, KvName, never> }

export const ofMember = (kind: Kind<'member'>, memberId: string, name: string | number): KvName =>
  `${kind}:${memberId}:${name}` as KvName

export const ofHome = (kind: Kind<'home'>, name: string): KvName => `${kind}:${name}` as KvName

/** Whether a row of kv, under the table's own name, is the member's. */
export function isOfMember(memberId: string): RawBuilder<boolean> {
  const kinds = Object.entries(KV).filter(([, whose]) => whose === 'member')
  return sql`(${sql.join(
    kinds.map(([kind]) => sql`kv.key LIKE ${`${kind}:${memberId}:%`}`),
    sql` OR `,
  )})`
}

/** What is there by this name and has not ended. */
export async function kvGet(db: InstanceDatabase, key: KvName): Promise<unknown> {
  const row = await db
    .selectFrom('kv')
    .select('value')
    .where('key', '=', key)
    .where('expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst()
  return row?.value
}

/** Keeps a value for `ttlMs` milliseconds, in place of an earlier one. */
export async function kvSet(db: InstanceDatabase, key: KvName, value: unknown, ttlMs: number): Promise<void> {
  const row = {
    value: JSON.stringify(value),
    expires_at: sql<Date>`now() + ${ttlMs / 1000} * interval '1 second'`,
  }
  await db
    .insertInto('kv')
    .values({ key, ...row })
    .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
    .execute()
}

/** Removes what has ended; called now and then by a worker. */
export async function kvSweep(db: InstanceDatabase): Promise<void> {
  await db.deleteFrom('kv').where('expires_at', '<=', sql<Date>`now()`).execute()
}
