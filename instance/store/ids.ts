// 64-bit ids: 42 bits of milliseconds, 1 bit "remote", 10 bits of ordinal, 10 bits of a sequence. Strings in JavaScript.
import { createHmac } from 'node:crypto'
import { type QueryExecutorProvider, sql } from 'kysely'
import { z } from 'zod'

/** An id in a call from one process to another. */
export const idText = z.string().regex(/^\d{1,19}$/)

/** Whether what came from outside can be an id: larger numbers are errors to PostgreSQL. */
export const isId = (given: unknown): given is string =>
  typeof given === 'string' && /^[1-9][0-9]{0,18}$/.test(given) && BigInt(given) < 1n << 63n

const LOW_BITS = 21n
const REMOTE = 1n << 20n
const MAX_MILLISECONDS = (1n << 42n) - 1n

/** A new id of this database: time-ordered, and unique in the community. Takes a pool or a transaction. */
export async function nextId(db: QueryExecutorProvider): Promise<string> {
  const { rows } = await sql<{ id: string }>`SELECT next_id() AS id`.execute(db)
  const [row] = rows
  if (!row) throw new Error('next_id() gave no row')
  return row.id
}

/**
 * The id of a cached remote post: its date, made unique by a keyed hash of its URI, so that every instance of the
 * community comes to the same id. The date is the earlier of `published` and `received`, never before 1970, so a
 * post from "the future" does not stick to the top. Without the key, anybody could aim a URI at somebody's id.
 */
export function remotePostId(
  secret: Buffer,
  uri: string,
  published: Date | undefined,
  received: Date,
): string {
  const hash = hashOf(secret, 'post', uri)
  const stated = published?.getTime() ?? Number.NaN
  const time = Math.max(0, Number.isNaN(stated) ? received.getTime() : Math.min(stated, received.getTime()))
  let milliseconds = BigInt(Math.trunc(time))
  // Many servers date to the second; spread, such posts of one second do not all meet in 2^20 ids.
  if (milliseconds % 1000n === 0n) milliseconds += (hash >> 20n) % 1000n
  if (milliseconds > MAX_MILLISECONDS) milliseconds = MAX_MILLISECONDS
  return String((milliseconds << LOW_BITS) | REMOTE | (hash & (REMOTE - 1n)))
}

/**
 * The id of a remote account: 62 bits of a keyed hash of its URI, above all ids that dates make until 2039, so that
 * no member's id is ever met by chance.
 */
export function remoteAccountId(secret: Buffer, uri: string): string {
  return String((1n << 62n) | (hashOf(secret, 'account', uri) & ((1n << 62n) - 1n)))
}

/** When an id was made, in milliseconds since 1970. Not for ids of remote accounts. */
export function idTime(id: string): number {
  return Number(BigInt(id) >> LOW_BITS)
}

function hashOf(secret: Buffer, kind: string, uri: string): bigint {
  return createHmac('sha256', secret).update(kind).update('\0').update(uri).digest().readBigUInt64BE(0)
}
