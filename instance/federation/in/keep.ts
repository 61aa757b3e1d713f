// A verified activity is kept once for this home and once for every sibling, in one transaction of this database.
import type { Instance } from '../../instance.ts'
import type { Incoming } from './activity.ts'

/**
 * Stores an activity for this home (intake) and for the others (spool); for a personal inbox for its member's home
 * only. When this returns it will be applied at each, however often anything crashes.
 */
export async function keep(
  instance: Pick<Instance, 'db' | 'config' | 'homes' | 'wake'>,
  activity: Incoming,
  home: { readonly ordinal: number; readonly handle: string } | undefined,
): Promise<void> {
  const { ordinal } = instance.config
  const row = {
    activity_uri: activity.id,
    actor_uri: activity.actor,
    recipient: home?.handle ?? null,
    body: JSON.stringify(activity.raw),
  }
  const siblings = home
    ? [home.ordinal].filter((other) => other !== ordinal)
    : instance.homes
        .instances()
        .filter((other) => other.ordinal !== ordinal && other.state !== 'Retired')
        .map((other) => other.ordinal)
  const here = !home || home.ordinal === ordinal
  await instance.db.transaction().execute(async (tx) => {
    if (here) await tx.insertInto('intake').values(row).execute()
    if (siblings.length > 0) {
      await tx
        .insertInto('spool')
        .values(siblings.map((sibling) => ({ ...row, ordinal: sibling })))
        .execute()
    }
  })
  if (here) instance.wake.soon('intake')
  if (siblings.length > 0) instance.wake.soon('spool')
}
