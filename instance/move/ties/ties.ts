// Who has to do with whom. Each home tells what its residents did, so that of two homes none tells the same thing twice.
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import type { Instance } from '../../instance.ts'
import { TIE_DAYS, TIES, type Tie } from './calls.ts'

/**
 * Ties of residents to members of the community, wherever those live: accepted follows, and replies, boosts and likes of
 * the last 90 days. One entry for each two people and direction. Ids are members' ids; no handles.
 */
export async function readTies({ db }: Pick<Instance, 'db'>): Promise<Tie[]> {
  const { rows } = await sql<Tie>`
    WITH resident AS (SELECT id FROM members WHERE state IN ('active', 'suspended', 'frozen')),
    lately AS (SELECT now() - ${TIE_DAYS} * interval '1 day' AS since),
    did AS (
      SELECT follower_id AS a, followee_id AS b, 1 AS follows, 0 AS replies, 0 AS boosts, 0 AS likes
        FROM follows WHERE state = 'accepted' AND follower_id IN (SELECT id FROM resident)
      UNION ALL
      SELECT account_id, in_reply_to_account_id, 0, 1, 0, 0
        FROM posts, lately WHERE published_at > since AND account_id IN (SELECT id FROM resident)
      UNION ALL
      SELECT b.account_id, p.account_id, 0, 0, 1, 0
        FROM lately, boosts b JOIN posts p ON p.id = b.post_id
        WHERE b.created_at > since AND b.account_id IN (SELECT id FROM resident)
      UNION ALL
      SELECT l.account_id, p.account_id, 0, 0, 0, 1
        FROM lately, likes l JOIN posts p ON p.id = l.post_id
        WHERE l.created_at > since AND l.account_id IN (SELECT id FROM resident)
    )
    SELECT a::text AS "from", b::text AS "to", max(follows) = 1 AS follows, sum(replies)::int AS replies,
           sum(boosts)::int AS boosts, sum(likes)::int AS likes
    FROM did JOIN accounts ON accounts.id = b
    WHERE accounts.domain IS NULL AND a <> b
    GROUP BY a, b ORDER BY a, b`.execute(db)
  return rows
}

/** For the operator, behind the key of the community. */
export function registerTies(app: FastifyInstance, instance: Instance): void {
  app.get(TIES, async () => ({ ties: await readTies(instance) }))
}
