// Timelines in pages: newest first, continued before the last entry seen, so that new posts shift nothing.
import { type RawBuilder, sql } from 'kysely'
import type { InstanceDatabase } from '../store/database.ts'
import { isId } from '../store/ids.ts'
import type { Viewer } from '../visibility/visibility.ts'
import { type Entry, readEntries } from './views.ts'

export const PAGE_SIZE = 20

export type TimelinePage = {
  readonly entries: readonly Entry[]
  /** For `before` of the next page; undefined at the end. */
  readonly next: string | undefined
}

/** A cursor from a URL; anything else than an id is taken for none. */
export const cursor = (text: unknown): string | undefined => (isId(text) ? text : undefined)

/** `AND <id> < cursor`, for the inside of both parts of a timeline, so that indexes do the work. */
export const olderThan = (before: string | undefined, column: string): RawBuilder<unknown> =>
  before === undefined ? sql`` : sql`AND ${sql.ref(column)} < ${before}::bigint`

/**
 * One page of posts and boosts. Both parts give (entry_id, post_id, booster_id), each newest first and at most
 * PAGE_SIZE + 1. A post that several people boosted is shown once on a page, at its newest place.
 */
export async function timelinePage(
  db: InstanceDatabase,
  viewer: Viewer | undefined,
  posts: RawBuilder<unknown>,
  boosts?: RawBuilder<unknown>,
): Promise<TimelinePage> {
  const both = boosts === undefined ? sql`(${posts})` : sql`(${posts}) UNION ALL (${boosts})`
  const rows = await readEntries(
    db,
    viewer,
    sql`SELECT entry_id, post_id, booster_id, 0 AS depth, row_number() OVER (ORDER BY entry_id DESC) AS place
      FROM (${both}) AS part ORDER BY entry_id DESC LIMIT ${PAGE_SIZE + 1}`,
  )
  const page = rows.slice(0, PAGE_SIZE)
  const seen = new Set<string>()
  return {
    entries: page.filter(({ post }) => !seen.has(post.id) && seen.add(post.id)),
    next: rows.length > PAGE_SIZE ? page.at(-1)?.id : undefined,
  }
}
