// Totals of the whole community: each home writes its own count into the directory, and any pod adds them up.
import { sql } from 'kysely'
import type { Instance } from '../instance.ts'
import { isDatabaseDown } from '../store/failures.ts'

const CACHED_MS = 60_000

/** Counts the posts of the residents here, all of them, and tells the directory. No change of who lives where. */
export async function reportPosts({
  db,
  directory,
  config: { ordinal },
}: Pick<Instance, 'db' | 'directory' | 'config'>): Promise<void> {
  const { posts } = await db
    .selectFrom('posts')
    .innerJoin('members', 'members.id', 'posts.account_id')
    .select(sql<string>`count(*)`.as('posts'))
    .where('members.state', 'not in', ['pending', 'staged', 'leaving'])
    .executeTakeFirstOrThrow()
  await directory
    .insertInto('figures')
    .values({ ordinal, posts })
    .onConflict((conflict) => conflict.column('ordinal').doUpdateSet({ posts, counted_at: sql<Date>`now()` }))
    .execute()
}

/**
 * A function that tells how many posts the community has, as last counted by its homes; at most a minute old besides.
 * With the directory down, what was last known; undefined if nothing is.
 */
export function makeTotalPosts({
  directory,
  clock,
}: Pick<Instance, 'directory' | 'clock'>): () => Promise<number | undefined> {
  let known: number | undefined
  let readAt = 0
  let reading: Promise<void> | undefined
  const read = async () => {
    try {
      const { posts } = await directory
        .selectFrom('figures')
        .select(sql<string>`coalesce(sum(posts), 0)`.as('posts'))
        .executeTakeFirstOrThrow()
      known = Number(posts)
    } catch (error) {
      if (!isDatabaseDown(error)) throw error
    }
    readAt = clock().getTime()
  }
  return async () => {
    if (known === undefined || Math.abs(clock().getTime() - readAt) >= CACHED_MS) {
      reading ??= read().finally(() => {
        reading = undefined
      })
      await reading
    }
    return known
  }
}
