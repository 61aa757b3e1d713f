// One kept activity, applied to this home.
import { sql } from 'kysely'
import type { Home } from '../../../directory/homes.ts'
import { hasLeft } from '../../../directory/moves/read.ts'
import type { Instance } from '../../../instance.ts'
import { isRefusal } from '../../../refusal.ts'
import { asMembers } from '../../../store/as-member.ts'
import type { InstanceTransaction } from '../../../store/database.ts'
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
import { waitsForArriving } from './arriving.ts'
import { passOnToDeparted } from './departed.ts'

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
  // Who lives here, and who there is at all, cannot be told from an older copy of the directory.
  if (instance.homes.regressed) return later('the directory is older than one seen before')
  const activity = asActivity(row.body)
  const commit: EffectRun['commit'] = async (residents, write) => {
    const result = await asMembers(instance, residents, async (tx) => {
      await sql`SELECT pg_advisory_xact_lock(${ACTOR_LOCK}, hashtext(${row.actor_uri}))`.execute(tx)
      await tx.deleteFrom('intake').where('id', '=', row.id).execute()
      if (!isMalformed(activity)) await passOnToDeparted(tx, instance, row, activity)
      return (await write(tx)) ?? DONE
    })
    if (!isRefusal(result)) return result
    if (result.code === 'elsewhere') await passOn(instance, row, String(result.details?.member ?? ''))
    return later(result.code)
  }
  const nothing = () => commit([], async () => undefined)
  if (isMalformed(activity)) return nothing()
  if (row.recipient !== null) {
    const place = await whereNow(instance, row.recipient)
    if (place === 'unknown') return later('the directory cannot be read')
    // Sent back, it would come again and again until the move is decided.
    if (place === 'coming') return later('the member is on the way here')
    if (place !== 'here') return goesTo(instance, row, place)
  }
  const standing = await mayActHere(instance, row, activity)
  if (standing === 'unknown') return later('the directory cannot be read')
  if (standing === 'no') {
    await instance.db.deleteFrom('intake').where('id', '=', row.id).execute()
    return DONE
  }
  const waits = await waitsForArriving(instance, row, activity)
  if (waits) return waits
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

/** For whose inbox it came: if they live elsewhere by now, it goes there, and nobody here is meant by it. */
async function whereNow(instance: Instance, handle: string): Promise<Home | 'here' | 'coming' | 'unknown'> {
  const { ordinal } = instance.config
  const known = instance.homes.byHandle(handle)
  // Whoever was switched and is not active yet has nothing here that what comes could be held against.
  if (known?.home === ordinal) return (await isComing(instance, known.id)) ? 'coming' : 'here'
  try {
    const fresh = await instance.homes.freshByHandle(handle)
    if (fresh?.state !== 'active') return 'here'
    if (await isComing(instance, fresh.id)) return 'coming'
    return fresh.home === ordinal ? 'here' : fresh
  } catch {
    return 'unknown'
  }
}

async function isComing({ db }: Pick<Instance, 'db'>, memberId: string): Promise<boolean> {
  const row = await db
    .selectFrom('members')
    .select('id')
    .where('id', '=', memberId)
    .where('state', '=', 'staged')
    .executeTakeFirst()
  return row !== undefined
}

async function goesTo(instance: Instance, row: IntakeRow, home: Home): Promise<Outcome> {
  await instance.db.transaction().execute(async (tx) => {
    await tx.deleteFrom('intake').where('id', '=', row.id).execute()
    await spool(tx, row, home)
  })
  instance.wake.soon('spool')
  return DONE
}

/**
 * An actor of our own community may only come from their home, or from one that they have left. A home may also pass
 * on, for a member who has left it, what others did to them. A sibling's word is taken for everything else.
 */
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
    if (fresh?.home === row.from_sibling) return 'yes'
    const recipient = row.recipient === null ? undefined : instance.homes.byHandle(row.recipient)
    const spokenOf = [fresh?.id, recipient?.id].filter((id) => id !== undefined)
    return (await hasLeft(instance.directory, spokenOf, row.from_sibling)) ? 'yes' : 'no'
  } catch {
    return 'unknown'
  }
}

/** A resident has moved: their new home gets it too, and the next try here leaves them out. */
async function passOn(instance: Instance, row: IntakeRow, memberId: string): Promise<void> {
  const home = await instance.homes.freshById(memberId)
  if (!home || home.home === instance.config.ordinal || row.from_sibling === home.home) return
  await spool(instance.db, row, home)
  instance.wake.soon('spool')
}

async function spool(
  db: Pick<InstanceTransaction, 'insertInto'>,
  row: IntakeRow,
  home: Pick<Home, 'home' | 'handle'>,
): Promise<void> {
  await db
    .insertInto('spool')
    .values({
      ordinal: home.home,
      activity_uri: row.activity_uri,
      actor_uri: row.actor_uri,
      recipient: home.handle,
      body: JSON.stringify(row.body),
    })
    .execute()
}
