// One kept activity, applied to this home.
import { sql } from 'kysely'
import type { Instance } from '../../../instance.ts'
import { isRefusal } from '../../../refusal.ts'
import { asMembers } from '../../../store/as-member.ts'
import { ownAddress } from '../../documents/addresses.ts'
import { asActivity, type Incoming, idOf, isMalformed, isObject, typeOf } from '../activity.ts'
import { accept, reject } from '../effects/edges/answer.ts'
import { block } from '../effects/edges/block.ts'
import { follow } from '../effects/edges/follow.ts'
import { undo } from '../effects/edges/undo.ts'
import { DONE, type Effect, type EffectRun, later, type Outcome } from '../effects/effect.ts'
import { announce } from '../effects/posts/announce.ts'
import { remove } from '../effects/posts/delete.ts'
import { like } from '../effects/posts/like.ts'
import { note } from '../effects/posts/note.ts'
import { profile } from '../effects/profile.ts'
import { isBuried } from '../effects/tombstones.ts'
import { forged } from '../proof/forgery.ts'

export type IntakeRow = {
  readonly id: string
  readonly actor_uri: string
  readonly recipient: string | null
  readonly activity_uri: string
  readonly body: unknown
  readonly from_sibling: number | null
}

const EFFECTS: ReadonlyMap<string, Effect> = new Map([
  ['Follow', follow],
  ['Accept', accept],
  ['Reject', reject],
  ['Undo', undo],
  ['Create', note],
  ['Update', note],
  ['Delete', remove],
  ['Like', like],
  ['Announce', announce],
  ['Block', block],
])

/** One actor's activities are applied one after the other; the number keeps this lock apart from members' locks. */
const ACTOR_LOCK = 1

/** Applies it and takes the row out of the intake, in one transaction. Applying it again changes nothing. */
export async function apply(instance: Instance, row: IntakeRow): Promise<Outcome> {
  const commit: EffectRun['commit'] = async (residents, write) => {
    const result = await asMembers(instance, residents, async (tx) => {
      await sql`SELECT pg_advisory_xact_lock(${ACTOR_LOCK}, hashtext(${row.actor_uri}))`.execute(tx)
      await tx.deleteFrom('intake').where('id', '=', row.id).execute()
      return (await write(tx)) ?? DONE
    })
    if (!isRefusal(result)) return result
    if (result.code === 'elsewhere') await passOn(instance, row, String(result.details?.member ?? ''))
    return later(result.code)
  }
  const nothing = () => commit([], async () => undefined)
  // Who lives here, and who there is at all, cannot be told from an older copy of the directory.
  if (instance.homes.regressed) return later('the directory is older than one seen before')
  const activity = asActivity(row.body)
  if (isMalformed(activity)) return nothing()
  const standing = await mayActHere(instance, row, activity)
  if (standing !== 'yes') return standing === 'no' ? nothing() : later('the directory cannot be read')
  if (activity.type !== 'Delete' && (await isBuried(instance.db, activity.actor, activity.actor)))
    return nothing()
  const effect = effectOf(activity)
  return effect ? effect({ instance, activity, commit }) : nothing()
}

function effectOf(activity: Incoming): Effect | undefined {
  if (activity.type === 'Update' && idOf(activity.object) === activity.actor) return profile
  // Boosting is taken back by some servers as the deletion of the boost.
  if (activity.type === 'Delete' && isObject(activity.object) && typeOf(activity.object) === 'Announce')
    return undo
  return EFFECTS.get(activity.type)
}

/** An actor of our own community may only come from their home; a sibling's word is taken for everything else. */
async function mayActHere(
  instance: Instance,
  row: IntakeRow,
  activity: Incoming,
): Promise<'yes' | 'no' | 'unknown'> {
  const own = ownAddress(instance.config.origin, activity.actor)
  if (!own) return 'yes'
  if (own.kind !== 'actor' || row.from_sibling === null || forged(activity)) return 'no'
  const known = instance.homes.byHandle(own.handle)
  if (known?.home === row.from_sibling) return 'yes'
  try {
    const fresh = await instance.homes.freshByHandle(own.handle)
    return fresh?.home === row.from_sibling ? 'yes' : 'no'
  } catch {
    return 'unknown'
  }
}

/** A resident has moved: their new home gets it too, and the next try here leaves them out. */
async function passOn(instance: Instance, row: IntakeRow, memberId: string): Promise<void> {
  const home = await instance.homes.freshById(memberId)
  if (!home || home.home === instance.config.ordinal || row.from_sibling === home.home) return
  await instance.db
    .insertInto('spool')
    .values({
      ordinal: home.home,
      activity_uri: row.activity_uri,
      actor_uri: row.actor_uri,
      recipient: home.handle,
      body: JSON.stringify(row.body),
    })
    .execute()
  instance.wake.soon('spool')
}
