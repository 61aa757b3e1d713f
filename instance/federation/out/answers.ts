// Answers to whoever asks to follow a member. What the member sends there afterwards must not come first: GoToSocial
// drops what comes to somebody who does not follow its author yet, and for all its people.
import { type RawBuilder, sql } from 'kysely'

/** Seconds: a server that takes no answer has what follows after so long. By then an answer was tried twice or more. */
const RESTS_S = 60

/** The ordering key of what a member answers to one who asks to follow them. */
export const answerKey = (memberId: string, followerId: string): string => `answer:${memberId}:${followerId}`

const isAnswer = (row: string) => sql<boolean>`${sql.ref(`${row}.ordering_key`)} LIKE 'answer:%'`

/**
 * Whether the delivery `d` rests because its author has answered somebody at that server before, who has not had the
 * answer yet. By server, for an inbox of their own and a shared one lead to the same people, and which of them is known
 * may change, in a move for one. After a minute only an answer that is being sent, or would be next, still comes first:
 * both may have waited together, for the end of a move or for this home. An answer whose turn it is not holds nothing
 * up then, nor one that ended the process which had it.
 *
 * What rests is looked up once. Looked up for every delivery, of many that are due, it takes minutes.
 */
export const restsForAnswer: RawBuilder<boolean> = sql<boolean>`d.id IN (
  SELECT later.id FROM (
    SELECT a.member_id, a.host, min(a.outbox_id) AS outbox_id
    FROM deliveries a JOIN outbox ON outbox.id = a.outbox_id
    WHERE a.dead_at IS NULL AND ${isAnswer('a')}
      AND (outbox.created_at > now() - ${RESTS_S} * interval '1 second'
        OR (a.next_at <= now() AND (a.leased_until IS NULL OR a.leased_until > now())
          AND NOT EXISTS (
            SELECT FROM deliveries b
            WHERE b.ordering_key = a.ordering_key AND b.inbox = a.inbox AND b.outbox_id < a.outbox_id
              AND b.dead_at IS NULL)))
    GROUP BY a.member_id, a.host) AS answer
  JOIN deliveries later
    ON later.member_id = answer.member_id AND later.host = answer.host AND later.outbox_id > answer.outbox_id
  WHERE NOT ${isAnswer('later')})`
