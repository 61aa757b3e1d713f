// Who may see which post: the one rule that pages, ActivityPub documents, outboxes, feeds and search all ask.
import { type RawBuilder, sql } from 'kysely'

export type Visibility = 'public' | 'unlisted' | 'followers' | 'direct' | 'instance'

/** Someone who looks. `ordinal` is set for a resident: the home whose "only my instance" posts they may read. */
export type Viewer = { readonly id: string; readonly ordinal?: number | undefined }

/** What the rule needs to know of one post and one viewer; the same question as `visibleTo`, without a database. */
export type VisibilityFacts = {
  readonly visibility: Visibility
  readonly authorId: string
  readonly instance: number | null
  readonly mentioned: boolean
  /** The viewer follows the author and was accepted. */
  readonly follows: boolean
}

/** May `viewer` (undefined: nobody in particular) read this post? */
export function maySee(post: VisibilityFacts, viewer: Viewer | undefined): boolean {
  if (post.visibility === 'public' || post.visibility === 'unlisted') return true
  if (!viewer) return false
  if (viewer.id === post.authorId) return true
  switch (post.visibility) {
    case 'followers':
      return post.follows || post.mentioned
    case 'direct':
      return post.mentioned
    case 'instance':
      return viewer.ordinal !== undefined && viewer.ordinal === post.instance
  }
}

/**
 * The same rule as a condition in SQL over the posts row named `alias`. Every query that reads posts has it in its
 * WHERE; one that forgets it shows private posts to strangers.
 */
export function visibleTo(viewer: Viewer | undefined, alias = 'posts'): RawBuilder<boolean> {
  const column = (name: string) => sql.ref(`${alias}.${name}`)
  const open = sql<boolean>`${column('visibility')} IN ('public', 'unlisted')`
  if (!viewer) return open
  const mentioned = sql`EXISTS (SELECT 1 FROM mentions seen_mention
    WHERE seen_mention.post_id = ${column('id')} AND seen_mention.account_id = ${viewer.id}::bigint)`
  const follows = sql`EXISTS (SELECT 1 FROM follows seen_follow
    WHERE seen_follow.follower_id = ${viewer.id}::bigint AND seen_follow.followee_id = ${column('account_id')}
      AND seen_follow.state = 'accepted')`
  const sameHome =
    viewer.ordinal === undefined ? sql`false` : sql`${column('instance')} = ${viewer.ordinal}::integer`
  return sql<boolean>`(${open} OR ${column('account_id')} = ${viewer.id}::bigint
    OR (${column('visibility')} IN ('followers', 'direct') AND ${mentioned})
    OR (${column('visibility')} = 'followers' AND ${follows})
    OR (${column('visibility')} = 'instance' AND ${sameHome}))`
}
