// Everything that is, in all databases, read past every process.
import type { World } from '../world/world.ts'

export type HomeRows = {
  readonly ordinal: number
  readonly home: { cap: number; residents: number; high_water: number; missing: number }
  readonly members: { id: string; handle: string; state: string; epoch: number }[]
  readonly keys: { member_id: string; position: number; public_jwk: unknown }[]
  readonly sessions: { token: string; member_id: string }[]
  readonly posts: { uri: string; account: string; html: string; own: boolean }[]
  readonly follows: { from: string; to: string; state: string }[]
  /** `sound`: the content is the one that the address tells of. */
  readonly media: { member_id: string; sha256: string; sound: boolean }[]
  readonly actors: { handle: string; document: { icon?: { url?: string } } }[]
  readonly likes: { who: string; uri: string }[]
  readonly boosts: { who: string; uri: string }[]
  readonly moves: { id: string; state: string; side: string }[]
  readonly staged: number
}

export type DirectoryRows = {
  readonly members: { id: string; handle: string; home: number; epoch: number; state: string }[]
  readonly instances: { ordinal: number; cap: number; taken: number }[]
  readonly moves: {
    id: string
    member_id: string
    source: number
    target: number
    epoch: number
    step: string
  }[]
}

const HOME = `SELECT
  (SELECT row_to_json(t) FROM (SELECT cap, residents, high_water, missing FROM home) t) AS home,
  (SELECT coalesce(json_agg(t), '[]') FROM (SELECT id::text, handle, state, epoch FROM members) t) AS members,
  (SELECT coalesce(json_agg(t), '[]') FROM (SELECT member_id::text, position, public_jwk FROM member_keys ORDER BY 1, 2) t) AS keys,
  (SELECT coalesce(json_agg(t), '[]') FROM (SELECT encode(token_hash, 'hex') AS token, member_id::text FROM sessions) t) AS sessions,
  (SELECT coalesce(json_agg(t), '[]') FROM (SELECT posts.uri, a.handle AS account, content_html AS html, object_json IS NOT NULL AS own
    FROM posts JOIN accounts a ON a.id = account_id) t) AS posts,
  (SELECT coalesce(json_agg(t), '[]') FROM (SELECT a.handle AS "from", b.handle AS "to", state FROM follows
    JOIN accounts a ON a.id = follower_id JOIN accounts b ON b.id = followee_id) t) AS follows,
  (SELECT coalesce(json_agg(t), '[]') FROM (SELECT member_id::text, sha256, encode(sha256(bytes), 'hex') = sha256 AS sound FROM media) t) AS media,
  (SELECT coalesce(json_agg(t), '[]') FROM (SELECT a.handle, actor_json::json AS document FROM accounts a JOIN members m ON m.id = a.id) t) AS actors,
  (SELECT coalesce(json_agg(t), '[]') FROM (SELECT a.handle AS who, p.uri FROM likes JOIN accounts a ON a.id = likes.account_id JOIN posts p ON p.id = post_id) t) AS likes,
  (SELECT coalesce(json_agg(t), '[]') FROM (SELECT a.handle AS who, p.uri FROM boosts JOIN accounts a ON a.id = boosts.account_id JOIN posts p ON p.id = post_id) t) AS boosts,
  (SELECT coalesce(json_agg(t), '[]') FROM (SELECT id::text, state, side FROM moves) t) AS moves,
  (SELECT count(*) FROM members WHERE state = 'staged')::integer AS staged`

const DIRECTORY = `SELECT
  (SELECT coalesce(json_agg(t), '[]') FROM (SELECT id::text, handle, home, epoch, state FROM members) t) AS members,
  (SELECT coalesce(json_agg(t ORDER BY ordinal), '[]') FROM (SELECT ordinal, cap, taken FROM instances) t) AS instances,
  (SELECT coalesce(json_agg(t), '[]') FROM (SELECT id::text, member_id::text, source, target, epoch, step FROM moves) t) AS moves`

export async function readState(world: World): Promise<{ homes: HomeRows[]; directory: DirectoryRows }> {
  const homes = await Promise.all(
    world.pods.map(async ({ ordinal, admin }) => {
      const { rows } = await admin.query<Omit<HomeRows, 'ordinal'>>(HOME)
      if (!rows[0]) throw new Error('no home')
      return { ordinal, ...rows[0] }
    }),
  )
  const { rows } = await world.directory.query<DirectoryRows>(DIRECTORY)
  if (!rows[0]) throw new Error('no directory')
  return { homes, directory: rows[0] }
}
