// Marks for what was deleted or undone, so that what comes after its own end does nothing.
import type { InstanceTransaction } from '../../../store/database.ts'

/** `memberId`: the resident with whom the mark travels. The caller holds their fence. */
export async function bury(
  tx: InstanceTransaction,
  uri: string,
  actor: string,
  memberId: string | null = null,
): Promise<void> {
  await tx
    .insertInto('tombstones')
    .values({ uri, actor_uri: actor, member_id: memberId })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Whether this actor deleted or undid it, since that moment if one is given. */
export async function isBuried(
  db: Pick<InstanceTransaction, 'selectFrom'>,
  uri: string,
  actor: string,
  since?: Date,
): Promise<boolean> {
  let query = db.selectFrom('tombstones').select('uri').where('uri', '=', uri).where('actor_uri', '=', actor)
  if (since) query = query.where('created_at', '>=', since)
  return (await query.executeTakeFirst()) !== undefined
}
