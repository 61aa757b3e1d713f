// A post, or a whole actor, is no more.
import { sql } from 'kysely'
import type { Instance } from '../../../../instance.ts'
import { isResident } from '../../../../members/people.ts'
import { idOf } from '../../activity.ts'
import type { Effect } from '../effect.ts'
import { bury } from '../tombstones.ts'

export const remove: Effect = async ({ instance, activity, commit }) => {
  const uri = idOf(activity.object)
  if (!uri) return commit([], async () => undefined)
  const touched = await residentsTouched(instance, uri)
  return commit(touched, async (tx) => {
    await bury(tx, uri, activity.actor)
    if (uri === activity.actor) {
      // Residents are never deleted by what comes in; their posts, edges and receipts elsewhere are another matter.
      await tx
        .deleteFrom('accounts')
        .where('uri', '=', uri)
        .where((eb) =>
          eb.not(eb.exists(eb.selectFrom('members').select('id').whereRef('members.id', '=', 'accounts.id'))),
        )
        .execute()
      return
    }
    await tx
      .deleteFrom('posts')
      .where('uri', '=', uri)
      .where('account_id', 'in', (eb) =>
        eb.selectFrom('accounts').select('id').where('uri', '=', activity.actor),
      )
      .execute()
  })
}

/** Residents whose rows go with it: their edges to the actor, what they were told, what they liked or boosted. */
async function residentsTouched(instance: Instance, uri: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    WITH gone AS (SELECT id FROM accounts WHERE uri = ${uri}),
         posted AS (SELECT id FROM posts WHERE uri = ${uri} OR account_id IN (SELECT id FROM gone))
    SELECT follower_id AS id FROM follows WHERE followee_id IN (SELECT id FROM gone)
    UNION SELECT followee_id FROM follows WHERE follower_id IN (SELECT id FROM gone)
    UNION SELECT member_id FROM notifications
      WHERE post_id IN (SELECT id FROM posted) OR account_id IN (SELECT id FROM gone)
    UNION SELECT account_id FROM likes WHERE post_id IN (SELECT id FROM posted)
    UNION SELECT account_id FROM boosts WHERE post_id IN (SELECT id FROM posted)
    UNION SELECT account_id FROM mentions WHERE post_id IN (SELECT id FROM posted)`.execute(instance.db)
  return rows.map((row) => row.id).filter((id) => isResident(instance, id))
}
