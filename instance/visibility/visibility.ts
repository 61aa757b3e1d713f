// Who may see which post: the one rule that pages, ActivityPub documents, outboxes, feeds and search all ask.
import { type RawBuilder, sql } from 'kysely'

export type Visibility = 'public' | 'unlisted' | 'followers' | 'direct' | 'instance'

/** Someone who looks. `ordinal` is set for a resident: the home whose "only my instance" posts they may read. */
export type Viewer = { readonly id: string; readonly ordinal?: number | undefined }

/**
 * Another server that looks, proven by a signature. It may read what any of its people may: their posts are delivered
 * to it, it signs for all of them, and most servers fetch in the name of an actor of their own, which follows nobody.
 */
export type ServerViewer = { readonly server: string }

/** What the rule needs to know of one post and one viewer; the same question as `visibleTo`, without a database. */
export type VisibilityFacts = {
  readonly visibility: Visibility
  readonly authorId: string
  readonly instance: number | null
  /** For a server: somebody there. */
  readonly mentioned: boolean
  /** The viewer follows the author and was accepted; for a server: somebody there. */
  readonly follows: boolean
}

/** May `viewer` (undefined: nobody in particular) read this post? */
export function maySee(post: VisibilityFacts, viewer: Viewer | ServerViewer | undefined): boolean {
  if (post.visibility === 'public' || post.visibility === 'unlisted') return true
  if (!viewer) return false
  const person = 'id' in viewer ? viewer : undefined
  if (person?.id === post.authorId) return true
  switch (post.visibility) {
    case 'followers':
      return post.follows || post.mentioned
    case 'direct':
      return post.mentioned
    case 'instance':
      return person?.ordinal !== undefined && person.ordinal === post.instance
  }
}

/**
 * The same rule as a condition in SQL over the posts row named `alias`. Every query that reads posts has it in its
 * WHERE; one that forgets it shows private posts to strangers.
 */
export function visibleTo(viewer: Viewer | ServerViewer | undefined, alias = 'posts'): RawBuilder<boolean> {
  const column = (name: string) => sql.ref(`${alias}.${name}`)
  const open = sql<boolean>`${column('visibility')} IN ('public', 'unlisted')`
  if (!viewer) return open
  const isViewer = (account: string) =>
    'id' in viewer
      ? sql`${sql.ref(account)} = ${viewer.id}::bigint`
      : sql`EXISTS (SELECT 1 FROM accounts seen_account
          WHERE seen_account.id = ${sql.ref(account)} AND seen_account.domain = ${viewer.server})`
  const mentioned = sql`EXISTS (SELECT 1 FROM mentions seen_mention
    WHERE seen_mention.post_id = ${column('id')} AND ${isViewer('seen_mention.account_id')})`
  const follows = sql`EXISTS (SELECT 1 FROM follows seen_follow
    WHERE ${isViewer('seen_follow.follower_id')} AND seen_follow.followee_id = ${column('account_id')}
      AND seen_follow.state = 'accepted')`
  const forSome = sql`(${column('visibility')} IN ('followers', 'direct') AND ${mentioned})
    OR (${column('visibility')} = 'followers' AND ${follows})`
  if (!('id' in viewer)) return sql<boolean>`(${open} OR ${forSome})`
  const sameHome =
    viewer.ordinal === undefined ? sql`false` : sql`${column('instance')} = ${viewer.ordinal}::integer`
  return sql<boolean>`(${open} OR ${column('account_id')} = ${viewer.id}::bigint OR ${forSome}
    OR (${column('visibility')} = 'instance' AND ${sameHome}))`
}
