// What waits for somebody as a follower, once they follow no more.
import { sql } from 'kysely'
import type { InstanceTransaction } from '../../../../store/database.ts'

/**
 * Takes back the posts and boosts of a member that wait for the own inbox of an account elsewhere, and do not name it:
 * it was to get them as a follower. GoToSocial takes an activity once, whichever inbox it comes to first; where that one
 * is of somebody who does not follow, its other people never see the post. A shared inbox is for those others as well.
 * What is under way goes on, and so do changes and deletions of what came before.
 */
export async function withdraw(
  tx: InstanceTransaction,
  { memberId, followerId }: { readonly memberId: string; readonly followerId: string },
): Promise<void> {
  await sql`
    DELETE FROM deliveries USING outbox, accounts
    WHERE accounts.id = ${followerId}::bigint AND accounts.shared_inbox IS NULL
      AND deliveries.inbox = accounts.inbox AND deliveries.member_id = ${memberId}::bigint
      AND (deliveries.leased_until IS NULL OR deliveries.leased_until < now())
      AND outbox.id = deliveries.outbox_id AND outbox.activity ->> 'type' IN ('Create', 'Announce')
      AND strpos(outbox.activity::text, to_jsonb(accounts.uri)::text) = 0`.execute(tx)
}
