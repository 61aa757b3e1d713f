// Posts as pages and APIs show them, with everything about a page of them in one query.
import { type RawBuilder, sql } from 'kysely'
import type { InstanceDatabase } from '../store/database.ts'
import { type Viewer, type Visibility, visibleTo } from '../visibility/visibility.ts'

export type AccountView = {
  readonly id: string
  readonly handle: string
  /** null: our own community. */
  readonly domain: string | null
  readonly displayName: string
  readonly avatarUrl: string | null
  readonly url: string
  /** Lives on this very instance. Whoever is still on the way, or about to go, is shown as a neighbour is. */
  readonly resident: boolean
}

export type PostView = {
  readonly id: string
  readonly uri: string
  readonly url: string
  readonly author: AccountView
  readonly visibility: Visibility
  /** Sanitised. */
  readonly html: string
  readonly summary: string
  readonly publishedAt: Date
  readonly editedAt: Date | null
  /** What it answers; `author` is missing where that was never seen here. */
  readonly reply: { readonly id: string | null; readonly author: AccountView | null } | null
  readonly likes: number
  readonly boosts: number
  readonly replies: number
  readonly liked: boolean
  readonly boosted: boolean
  readonly mine: boolean
}

/** A line of a timeline: a post, or somebody's boost of one. `id` orders them and is the cursor. */
export type Entry = {
  readonly id: string
  readonly post: PostView
  readonly boostedBy: AccountView | null
  /** In a thread: how many posts above it. */
  readonly depth: number
}

type AccountColumns = {
  id: string
  handle: string
  domain: string | null
  display_name: string
  avatar_url: string | null
  url: string
  resident: boolean
}

type Row = {
  entry_id: string
  depth: number
  id: string
  uri: string
  url: string
  visibility: string
  content_html: string
  summary: string
  published_at: Date
  edited_at: Date | null
  in_reply_to_uri: string | null
  in_reply_to_id: string | null
  author: AccountColumns
  booster: AccountColumns | null
  parent: AccountColumns | null
  likes: number
  boosts: number
  replies: number
  liked: boolean
  boosted: boolean
}

/** An account as a JSON value, so that three of them fit into one row. Ids as text: they outgrow JSON's numbers. */
const accountJson = (alias: string) => {
  const column = (name: string) => sql.ref(`${alias}.${name}`)
  return sql`CASE WHEN ${column('id')} IS NOT NULL THEN json_build_object(
    'id', ${column('id')}::text, 'handle', ${column('handle')}, 'domain', ${column('domain')},
    'display_name', ${column('display_name')}, 'avatar_url', ${column('avatar_url')}, 'url', ${column('url')},
    'resident', EXISTS (SELECT 1 FROM members WHERE members.id = ${column('id')}
      AND members.state NOT IN ('staged', 'leaving'))) END`
}

export const accountView = (row: AccountColumns): AccountView => ({
  id: row.id,
  handle: row.handle,
  domain: row.domain,
  displayName: row.display_name || row.handle,
  avatarUrl: row.avatar_url,
  url: row.url,
  resident: row.resident,
})

/**
 * Answers that are counted: those that whoever sees the post sees too. It is cheaper than the whole rule, which the
 * planner would weigh anew for every page, and it tells nobody of answers that were not meant for them.
 */
const countedReply = sql`(reply.visibility IN ('public', 'unlisted')
  OR (reply.visibility = 'instance' AND reply.instance = posts.instance))`

/**
 * Reads the posts of `entries`, a query that gives (entry_id, post_id, booster_id, place, depth); the page is in the
 * order of `place`. What the viewer may not see is left out, whatever the inner query said.
 */
export async function readEntries(
  db: InstanceDatabase,
  viewer: Viewer | undefined,
  entries: RawBuilder<unknown>,
): Promise<Entry[]> {
  const me = viewer?.id ?? '0'
  const { rows } = await sql<Row>`
    WITH entry AS MATERIALIZED (${entries})
    SELECT entry.entry_id, entry.depth, posts.id, posts.uri, posts.url, posts.visibility, posts.content_html,
      posts.summary, posts.published_at, posts.edited_at, posts.in_reply_to_uri, posts.in_reply_to_id,
      ${accountJson('author')} AS author, ${accountJson('booster')} AS booster, ${accountJson('parent')} AS parent,
      (SELECT count(*) FROM likes WHERE likes.post_id = posts.id)::integer AS likes,
      (SELECT count(*) FROM boosts WHERE boosts.post_id = posts.id)::integer AS boosts,
      (SELECT count(*) FROM posts reply WHERE reply.in_reply_to_uri = posts.uri
        AND ${countedReply})::integer AS replies,
      EXISTS (SELECT 1 FROM likes WHERE likes.post_id = posts.id AND likes.account_id = ${me}::bigint) AS liked,
      EXISTS (SELECT 1 FROM boosts WHERE boosts.post_id = posts.id AND boosts.account_id = ${me}::bigint) AS boosted
    FROM entry
    JOIN posts ON posts.id = entry.post_id
    JOIN accounts author ON author.id = posts.account_id
    LEFT JOIN accounts booster ON booster.id = entry.booster_id
    LEFT JOIN accounts parent ON parent.id = posts.in_reply_to_account_id
    WHERE ${visibleTo(viewer)}
    ORDER BY entry.place`.execute(db)
  return rows.map((row) => entryOf(row, me))
}

function entryOf(row: Row, me: string): Entry {
  return {
    id: row.entry_id,
    depth: row.depth,
    boostedBy: row.booster && accountView(row.booster),
    post: {
      id: row.id,
      uri: row.uri,
      url: row.url,
      author: accountView(row.author),
      // The CHECK constraint of the table allows no other values.
      visibility: row.visibility as Visibility,
      html: row.content_html,
      summary: row.summary,
      publishedAt: row.published_at,
      editedAt: row.edited_at,
      reply:
        row.in_reply_to_uri === null
          ? null
          : { id: row.in_reply_to_id, author: row.parent && accountView(row.parent) },
      likes: row.likes,
      boosts: row.boosts,
      replies: row.replies,
      liked: row.liked,
      boosted: row.boosted,
      mine: row.author.id === me,
    },
  }
}
