// The member's own posts, put into the target's posts before the switch. Until then they are what a neighbour's posts are:
// a cache, which the rules of visibility guard. Many at once, at the switch, would keep the member waiting for a second.
import { sql } from 'kysely'
import type { InstanceTransaction } from '../../store/database.ts'
import type { LocalMove } from '../fence.ts'

const AT_ONCE = 500
/** What a home keeps of a post and a neighbour does not. */
const OF_A_HOME = ['object_json', 'content_text']

/** Places staged posts that are not here yet, after an id. Returns the last that was looked at, null at the end. */
export async function placePosts(
  tx: InstanceTransaction,
  columns: ReadonlyMap<string, readonly string[]>,
  move: Pick<LocalMove, 'id' | 'member_id'>,
  after: string,
): Promise<string | null> {
  const names = columns.get('posts') ?? []
  const list = sql.join(names.map((name) => sql.id(name)))
  const others = names.filter((name) => !OF_A_HOME.includes(name))
  const rest = (table: string) => sql`(${sql.join(others.map((name) => sql.ref(`${table}.${name}`)))})`
  const { rows } = await sql<{ last: string | null; count: number }>`
    WITH part AS (SELECT * FROM carried.posts WHERE move = ${move.id}::bigint
        AND account_id = ${move.member_id}::bigint AND id > ${after}::bigint ORDER BY id LIMIT ${sql.lit(AT_ONCE)}),
      put AS (INSERT INTO public.posts (${list}) SELECT ${list} FROM part
        WHERE NOT EXISTS (SELECT FROM tombstones WHERE tombstones.uri = part.uri)
        ON CONFLICT DO NOTHING RETURNING id),
      filled AS (UPDATE public.posts SET object_json = part.object_json, content_text = part.content_text
        FROM part WHERE part.id = posts.id AND posts.object_json IS NULL AND posts.content_text IS NULL
          AND ${rest('posts')} IS NOT DISTINCT FROM ${rest('part')} RETURNING posts.id),
      noted AS (INSERT INTO carried.placed (move, id, filled)
        SELECT ${move.id}::bigint, id, false FROM put UNION ALL SELECT ${move.id}::bigint, id, true FROM filled
        ON CONFLICT DO NOTHING)
    SELECT max(id) AS last, count(*)::integer AS count FROM part`.execute(tx)
  const [row] = rows
  return row && row.count === AT_ONCE ? row.last : null
}

/**
 * Takes placed posts away again. One that somebody here has liked or boosted meanwhile is theirs too, and stays as any
 * neighbour's post would.
 */
export async function takeBackPosts(
  tx: InstanceTransaction,
  move: Pick<LocalMove, 'id' | 'member_id'>,
): Promise<void> {
  const placed = sql`posts.account_id = ${move.member_id}::bigint
    AND placed.move = ${move.id}::bigint AND placed.id = posts.id`
  await sql`DELETE FROM posts USING carried.placed WHERE ${placed} AND NOT placed.filled
    AND NOT EXISTS (SELECT FROM likes WHERE likes.post_id = posts.id)
    AND NOT EXISTS (SELECT FROM boosts WHERE boosts.post_id = posts.id)
    AND NOT EXISTS (SELECT FROM notifications AS told WHERE told.post_id = posts.id)`.execute(tx)
  await sql`UPDATE posts SET object_json = NULL, content_text = NULL FROM carried.placed WHERE ${placed}`.execute(
    tx,
  )
}
