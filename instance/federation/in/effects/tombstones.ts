// Marks for what was deleted or undone, so that what comes after its own end does nothing.
import type { InstanceTransaction } from '../../../store/database.ts'

export async function bury(tx: InstanceTransaction, uri: string, actor: string): Promise<void> {
  await tx
    .insertInto('tombstones')
    .values({ uri, actor_uri: actor })
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
