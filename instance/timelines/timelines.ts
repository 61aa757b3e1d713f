// The timelines: queries over posts, boosts and follows, never tables of their own.
import { sql } from 'kysely'
import type { InstanceDatabase } from '../store/database.ts'
import { type Viewer, visibleTo } from '../visibility/visibility.ts'
import { olderThan, PAGE_SIZE, type TimelinePage, timelinePage } from './page.ts'

const MOST = sql.lit(PAGE_SIZE + 1)

/**
 * Whose boosts a profile shows: those for everybody, one's own, and those for followers to followers. A boost of
 * another server need not be for everybody, though the post is.
 */
function boostVisibleTo(viewer: Viewer | undefined) {
  const open = sql`boosts.visibility IN ('public', 'unlisted')`
  if (!viewer) return open
  const me = sql`${viewer.id}::bigint`
  return sql`(${open} OR boosts.account_id = ${me} OR (boosts.visibility = 'followers' AND EXISTS (
    SELECT 1 FROM follows booster_follow WHERE booster_follow.follower_id = ${me}
      AND booster_follow.followee_id = boosts.account_id AND booster_follow.state = 'accepted')))`
}

/** What the people say whom the viewer follows, and what they boost; answers only among people the viewer follows. */
export function homeTimeline(db: InstanceDatabase, viewer: Viewer, before?: string): Promise<TimelinePage> {
  const me = sql`${viewer.id}::bigint`
  const followed = sql`SELECT followee_id FROM follows WHERE follower_id = ${me} AND state = 'accepted'`
  const circle = (column: string) => sql`(${sql.ref(column)} = ${me} OR ${sql.ref(column)} IN (${followed}))`
  return timelinePage(
    db,
    viewer,
    sql`SELECT posts.id AS entry_id, posts.id AS post_id, NULL::bigint AS booster_id FROM posts
      WHERE ${circle('posts.account_id')} AND ${visibleTo(viewer)} ${olderThan(before, 'posts.id')}
        AND (posts.in_reply_to_uri IS NULL OR posts.account_id = ${me}
          OR ${circle('posts.in_reply_to_account_id')})
      ORDER BY posts.id DESC LIMIT ${MOST}`,
    sql`SELECT boosts.id AS entry_id, boosts.post_id, boosts.account_id AS booster_id
      FROM boosts JOIN posts ON posts.id = boosts.post_id
      WHERE ${circle('boosts.account_id')} AND (boosts.visibility <> 'direct' OR boosts.account_id = ${me})
        AND ${visibleTo(viewer)} ${olderThan(before, 'boosts.id')}
      ORDER BY boosts.id DESC LIMIT ${MOST}`,
  )
}

/** "Here": what residents of this instance say to everybody or to each other. Without a viewer: what is public. */
export function hereTimeline(
  db: InstanceDatabase,
  viewer: Viewer | undefined,
  before?: string,
): Promise<TimelinePage> {
  return timelinePage(
    db,
    viewer,
    sql`SELECT posts.id AS entry_id, posts.id AS post_id, NULL::bigint AS booster_id FROM posts
      WHERE posts.account_id IN (SELECT id FROM members WHERE state <> 'staged') AND posts.visibility IN ('public', 'instance')
        AND ${visibleTo(viewer)} ${olderThan(before, 'posts.id')}
        AND (posts.in_reply_to_uri IS NULL OR posts.in_reply_to_account_id = posts.account_id)
      ORDER BY posts.id DESC LIMIT ${MOST}`,
  )
}

/** One person's posts and boosts; `replies` shows their answers to others too. */
export function profileTimeline(
  db: InstanceDatabase,
  viewer: Viewer | undefined,
  accountId: string,
  options: { readonly before?: string | undefined; readonly replies?: boolean } = {},
): Promise<TimelinePage> {
  const { before, replies = false } = options
  const account = sql`${accountId}::bigint`
  const kept = replies
    ? sql`posts.in_reply_to_uri IS NOT NULL`
    : sql`(posts.in_reply_to_uri IS NULL OR posts.in_reply_to_account_id = posts.account_id)`
  return timelinePage(
    db,
    viewer,
    sql`SELECT posts.id AS entry_id, posts.id AS post_id, NULL::bigint AS booster_id FROM posts
      WHERE posts.account_id = ${account} AND ${visibleTo(viewer)} AND ${kept} ${olderThan(before, 'posts.id')}
      ORDER BY posts.id DESC LIMIT ${MOST}`,
    replies
      ? undefined
      : sql`SELECT boosts.id AS entry_id, boosts.post_id, boosts.account_id AS booster_id
          FROM boosts JOIN posts ON posts.id = boosts.post_id
          WHERE boosts.account_id = ${account} AND ${boostVisibleTo(viewer)} AND ${visibleTo(viewer)} ${olderThan(before, 'boosts.id')}
          ORDER BY boosts.id DESC LIMIT ${MOST}`,
  )
}

/** Public posts that carry a hashtag (folded), of everybody whose posts are known here. */
export function tagTimeline(
  db: InstanceDatabase,
  viewer: Viewer | undefined,
  tag: string,
  before?: string,
): Promise<TimelinePage> {
  return timelinePage(
    db,
    viewer,
    sql`SELECT posts.id AS entry_id, posts.id AS post_id, NULL::bigint AS booster_id
      FROM post_tags JOIN posts ON posts.id = post_tags.post_id
      WHERE post_tags.tag = ${tag} AND posts.visibility = 'public' AND ${visibleTo(viewer)}
        ${olderThan(before, 'post_tags.post_id')}
      ORDER BY post_tags.post_id DESC LIMIT ${MOST}`,
  )
}
