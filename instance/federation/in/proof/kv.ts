// The table kv: values that anybody may lose, always with an end.
import { sql } from 'kysely'
import type { InstanceDatabase } from '../../../store/database.ts'

export async function kvGet(db: InstanceDatabase, key: string): Promise<unknown> {
  const row = await db
    .selectFrom('kv')
    .select('value')
    .where('key', '=', key)
    .where('expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst()
  return row?.value
}

export async function kvSet(db: InstanceDatabase, key: string, value: unknown, ttlMs: number): Promise<void> {
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
