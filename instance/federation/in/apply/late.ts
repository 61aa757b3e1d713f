// Whoever has unfollowed a member, and is to be sent something before that is applied: because they did so just before
// the member moved, and their old home has been told, or because what waited during the move is sent all at once.
import { type RawBuilder, sql } from 'kysely'

/**
 * Seconds: so long a member's deliveries rest at most once they have arrived. A home that is up answers at once, and one
 * whose pod starts again within that time. Whoever waits for a post waits no longer than after two failed tries. A home
 * that is down for longer may be down for days, and what its members sent must not wait for that.
 */
export const REST_S = 60

/** Whether what was taken in may be the end of a follow; some servers say no more of it than its id. */
export const mayUnfollow: RawBuilder<boolean> = sql<boolean>`body ->> 'type' = 'Undo'`

/**
 * Whether the deliveries of the member `m` rest, until their old home has said what it had taken in for them, and that
 * is applied. GoToSocial takes an activity once, and drops it for all if it comes to somebody who no longer follows first.
 */
export const restsAfterMove: RawBuilder<boolean> = sql<boolean>`EXISTS (
  SELECT FROM moves AS arrived
  WHERE arrived.member_id = m.id AND arrived.side = 'target' AND arrived.state = 'active'
    AND arrived.changed_at > now() - ${REST_S} * interval '1 second'
    AND (arrived.late IS NULL OR EXISTS (
      SELECT FROM intake WHERE intake.id <= arrived.late AND intake.recipient = m.handle AND intake.dead_at IS NULL
        AND ${mayUnfollow})))`

/**
 * Whether the delivery `d` rests because it is for the own inbox of somebody whose end of a follow was taken in here and
 * is not applied yet: then it is withdrawn, perhaps. What cannot be applied for long holds it up no longer. These
 * inboxes are looked up once, not for every delivery that is due.
 */
export const restsForUndo: RawBuilder<boolean> = sql<boolean>`d.inbox IN (
  SELECT accounts.inbox FROM intake JOIN accounts ON accounts.uri = intake.actor_uri
  WHERE accounts.shared_inbox IS NULL AND intake.dead_at IS NULL
    AND intake.received_at > now() - ${REST_S} * interval '1 second' AND ${mayUnfollow})`
