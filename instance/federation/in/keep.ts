// A verified activity is kept once for this home and once for every sibling, in one transaction of this database.
import type { Instance } from '../../instance.ts'
import type { Incoming } from './activity.ts'

/**
 * What takes something back is to be known wherever that may still come: its member may move before it does. A new
 * version is for every copy there is: whoever read it, and moves to a home with an older copy, would read that again.
 */
const FOR_ALL = new Set(['Undo', 'Delete', 'Update'])

/**
 * Stores an activity for this home (intake) and for the others (spool); for a personal inbox for its member's home
 * only, unless it takes back or changes something. When this returns it will be applied at each, however often anything
 * crashes.
 */
export async function keep(
  instance: Pick<Instance, 'db' | 'config' | 'homes' | 'wake'>,
  activity: Incoming,
  home: { readonly ordinal: number; readonly handle: string } | undefined,
): Promise<void> {
  const { ordinal } = instance.config
  const all = [
    ordinal,
    ...instance.homes.instances().flatMap((one) => (one.state === 'Retired' ? [] : [one.ordinal])),
  ]
  const ordinals = home ? [home.ordinal, ...(FOR_ALL.has(activity.type) ? all : [])] : all
  const rows = [...new Set(ordinals)].map((to) => ({
    ordinal: to,
    activity_uri: activity.id,
    actor_uri: activity.actor,
    recipient: to === home?.ordinal ? home.handle : null,
    body: JSON.stringify(activity.raw),
  }))
  const here = rows.filter((row) => row.ordinal === ordinal).map(({ ordinal: _, ...row }) => row)
  const siblings = rows.filter((row) => row.ordinal !== ordinal)
  await instance.db.transaction().execute(async (tx) => {
    if (here.length > 0) await tx.insertInto('intake').values(here).execute()
    if (siblings.length > 0) await tx.insertInto('spool').values(siblings).execute()
  })
  if (here.length > 0) instance.wake.soon('intake')
  if (siblings.length > 0) instance.wake.soon('spool')
}
