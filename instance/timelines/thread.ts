// A post with what it answers and what answers it.
import { sql } from 'kysely'
import type { InstanceDatabase } from '../store/database.ts'
import { type Viewer, visibleTo } from '../visibility/visibility.ts'
import { type Entry, readEntries } from './views.ts'

const MOST_ABOVE = 40
const MOST_BELOW = 300
/** Deeper answers are reached by opening one of those above. */
const DEEPEST = 12

export type Thread = {
  readonly above: readonly Entry[]
  readonly post: Entry
  /** In the order of reading: each answer is followed by its own answers. */
  readonly below: readonly Entry[]
}

/** undefined if there is no such post, or the viewer may not see it. */
export async function readThread(
  db: InstanceDatabase,
  viewer: Viewer | undefined,
  postId: string,
): Promise<Thread | undefined> {
  const entries = await readEntries(
    db,
    viewer,
    // Answers are joined by URI: an answer may arrive before what it answers.
    sql`SELECT * FROM (
      WITH RECURSIVE above AS (
        SELECT posts.id, posts.in_reply_to_uri, 0 AS depth FROM posts
          WHERE posts.id = ${postId}::bigint AND ${visibleTo(viewer)}
        UNION ALL
        SELECT posts.id, posts.in_reply_to_uri, above.depth - 1 FROM above
          JOIN posts ON posts.uri = above.in_reply_to_uri
          WHERE above.depth > ${-MOST_ABOVE}::integer AND ${visibleTo(viewer)}
      ), below AS (
        SELECT posts.id, posts.uri, 0 AS depth, ARRAY[]::bigint[] AS path FROM posts
          WHERE posts.id = ${postId}::bigint AND ${visibleTo(viewer)}
        UNION ALL
        SELECT posts.id, posts.uri, below.depth + 1, below.path || posts.id FROM below
          JOIN posts ON posts.in_reply_to_uri = below.uri
          WHERE below.depth < ${DEEPEST}::integer AND ${visibleTo(viewer)} AND posts.id <> ALL (below.path)
      ), whole AS (
        SELECT id, depth, ARRAY[]::bigint[] AS path FROM above
        UNION ALL
        (SELECT id, depth, path FROM below WHERE depth > 0 ORDER BY path LIMIT ${MOST_BELOW}::integer)
      )
      SELECT id AS entry_id, id AS post_id, NULL::bigint AS booster_id, depth,
        row_number() OVER (ORDER BY least(depth, 1), path) AS place
      FROM whole) AS thread`,
  )
  const post = entries.find((entry) => entry.depth === 0)
  if (!post) return undefined
  return {
    above: entries.filter((entry) => entry.depth < 0),
    post,
    below: entries.filter((entry) => entry.depth > 0),
  }
}
