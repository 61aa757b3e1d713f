// What is left for a sibling that is no more: nobody lives there, but whom it was for may live elsewhere by now.
import { sql } from 'kysely'
import { isInhabited } from '../../directory/homes.ts'
import type { Instance } from '../../instance.ts'

/**
 * Hands it to where its member lives, or, where it is for nobody in particular, to all who are left: this pod may have
 * taken somebody for a resident there who had moved. They may have it already, and effects are unique. What is for a
 * member who is no more goes. Throws when the directory does not answer; all of it is kept then.
 */
export async function redirect(
  instance: Pick<Instance, 'db' | 'homes' | 'config' | 'wake'>,
  ordinal: number,
): Promise<void> {
  const { db, config } = instance
  const { rows: recipients } = await sql<{ recipient: string | null }>`
    SELECT DISTINCT recipient FROM spool WHERE ordinal = ${ordinal}`.execute(db)
  for (const { recipient } of recipients) {
    const to = await whereTo(instance, ordinal, recipient)
    if (!to) continue
    await db.transaction().execute(async (tx) => {
      const gone = await tx
        .deleteFrom('spool')
        .where('ordinal', '=', ordinal)
        .where(recipient === null ? sql<boolean>`recipient IS NULL` : sql<boolean>`recipient = ${recipient}`)
        .returning(['seq', 'activity_uri', 'actor_uri', 'recipient', 'body'])
        .execute()
      for (const { seq, body, ...row } of gone) {
        const kept = { ...row, body: JSON.stringify(body) }
        for (const other of to) {
          if (other !== config.ordinal)
            await tx
              .insertInto('spool')
              .values({ ...kept, ordinal: other })
              .execute()
          // As if handed over by this very home, whose word it is.
          else
            await tx
              .insertInto('intake')
              .values({ ...kept, from_sibling: config.ordinal, sibling_seq: seq })
              .onConflict((conflict) => conflict.columns(['from_sibling', 'sibling_seq']).doNothing())
              .execute()
        }
      }
    })
  }
  instance.wake.soon('intake')
  instance.wake.soon('spool')
}

/** Undefined: the directory says that they live there all the same, so this pod knows less than it, and waits. */
async function whereTo(
  { homes, config }: Pick<Instance, 'homes' | 'config'>,
  ordinal: number,
  recipient: string | null,
): Promise<readonly number[] | undefined> {
  if (recipient === null)
    return homes
      .instances()
      .filter(isInhabited)
      .map((other) => other.ordinal)
      .filter((other) => other !== ordinal && other !== config.ordinal)
  const home = await homes.freshByHandle(recipient)
  if (!home || home.state === 'deleted') return []
  return home.home === ordinal ? undefined : [home.home]
}
