// What of others a member's pages show: without it, everything would look emptier after a move.
import { type RawBuilder, sql } from 'kysely'
import { visibleTo } from '../../visibility/visibility.ts'

/** Of the home timeline the newest posts, and the newest boosts. Older ones can be fetched again by opening them. */
const MOST_OF_HOME = 800
/** Of posts that name the member the newest. */
const MOST_NAMING = 2_000
/** As far as a thread is shown at once. */
const MOST_ABOVE = 40
const DEEPEST = 12
const MOST_IN_THREADS = 5_000

const followed = (me: RawBuilder<unknown>) =>
  sql`SELECT followee_id FROM follows WHERE follower_id = ${me} AND state = 'accepted'`

/** Others' posts that are only for this instance stay: the member, elsewhere, may not read them any more. */
const travels = (member: string) =>
  sql`${visibleTo({ id: member })} AND posts.visibility <> 'instance' AND posts.account_id <> ${member}::bigint`

/** Ids of cached posts: the home timeline, threads of the member's posts, and what names them. */
export function shownPosts(member: string): RawBuilder<unknown> {
  const me = sql`${member}::bigint`
  return sql`
    (SELECT posts.id FROM posts WHERE posts.account_id IN (${followed(me)}) AND ${travels(member)}
      ORDER BY posts.id DESC LIMIT ${sql.lit(MOST_OF_HOME)})
    UNION
    (SELECT posts.id FROM posts JOIN mentions ON mentions.post_id = posts.id
      WHERE mentions.account_id = ${me} AND ${travels(member)} ORDER BY posts.id DESC LIMIT ${sql.lit(MOST_NAMING)})
    UNION
    (WITH RECURSIVE below AS (
       SELECT posts.id, posts.uri, 0 AS depth FROM posts WHERE posts.account_id = ${me}
       UNION
       SELECT posts.id, posts.uri, below.depth + 1 FROM below JOIN posts ON posts.in_reply_to_uri = below.uri
       WHERE below.depth < ${sql.lit(DEEPEST)}
     ) SELECT posts.id FROM below JOIN posts USING (id) WHERE depth > 0 AND ${travels(member)}
       LIMIT ${sql.lit(MOST_IN_THREADS)})
    UNION
    (WITH RECURSIVE above AS (
       SELECT posts.in_reply_to_uri AS uri, 1 AS depth FROM posts
         WHERE posts.account_id = ${me} AND posts.in_reply_to_uri IS NOT NULL
       UNION
       SELECT posts.in_reply_to_uri, above.depth + 1 FROM above JOIN posts USING (uri)
         WHERE posts.in_reply_to_uri IS NOT NULL AND above.depth < ${sql.lit(MOST_ABOVE)}
     ) SELECT posts.id FROM above JOIN posts USING (uri) WHERE ${travels(member)}
       LIMIT ${sql.lit(MOST_IN_THREADS)})`
}

/** Ids of others' boosts in the home timeline. */
export function shownBoosts(member: string): RawBuilder<unknown> {
  return sql`SELECT boosts.id FROM boosts JOIN posts ON posts.id = boosts.post_id
    WHERE boosts.account_id IN (${followed(sql`${member}::bigint`)}) AND boosts.account_id <> ${member}::bigint
      AND boosts.visibility <> 'direct' AND posts.visibility <> 'instance' AND ${visibleTo({ id: member })}
    ORDER BY boosts.id DESC LIMIT ${sql.lit(MOST_OF_HOME)}`
}

/** Whether a post that came or changed during the copy would be shown: coarser than above, for it is about few rows. */
export const wouldShowPost = (member: string) => sql<boolean>`${travels(member)} AND (
  posts.account_id IN (${followed(sql`${member}::bigint`)}) OR posts.in_reply_to_account_id = ${member}::bigint
  OR EXISTS (SELECT FROM posts answer WHERE answer.in_reply_to_uri = posts.uri AND answer.account_id = ${member}::bigint)
  OR EXISTS (SELECT FROM mentions WHERE mentions.post_id = posts.id AND mentions.account_id = ${member}::bigint)
  OR EXISTS (SELECT FROM likes WHERE likes.post_id = posts.id AND likes.account_id = ${member}::bigint)
  OR EXISTS (SELECT FROM boosts WHERE boosts.post_id = posts.id AND boosts.account_id = ${member}::bigint)
  OR EXISTS (SELECT FROM notifications told WHERE told.post_id = posts.id AND told.member_id = ${member}::bigint))`

export const wouldShowBoost = (member: string) => sql<boolean>`boosts.account_id <> ${member}::bigint
  AND boosts.visibility <> 'direct' AND boosts.account_id IN (${followed(sql`${member}::bigint`)})`
