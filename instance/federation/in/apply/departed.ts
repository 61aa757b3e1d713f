// Members who left this home: what concerns them, and was not applied before they went, goes to where they are now.
import { sql } from 'kysely'
import type { Instance } from '../../../instance.ts'
import type { InstanceDatabase, InstanceTransaction } from '../../../store/database.ts'
import { actorAddresses } from '../../documents/addresses.ts'
import { type Incoming, idOf } from '../activity.ts'
import { isBuried } from '../effects/tombstones.ts'
import type { IntakeRow } from './apply.ts'

/** A hand-over between siblings may be late by as long as one of them is down. */
const DAYS = 7

type Deps = Pick<Instance, 'homes' | 'config' | 'wake'>

/**
 * Hands an activity on for every member who left, or is frozen on the way, and whom it may concern: it was for their
 * inbox, speaks of them or of a post that they keep, or comes from somebody whom they had to do with. The new home may
 * have had it before they came, when it meant nothing there. Effects are unique, so that once too often does no harm. But
 * a post that was deleted meanwhile is kept back: its deletion was not sent to where nobody had it.
 */
export async function passOnToDeparted(
  tx: InstanceTransaction,
  deps: Deps,
  row: Pick<IntakeRow, 'activity_uri' | 'actor_uri' | 'recipient' | 'body'>,
  activity: Incoming,
): Promise<void> {
  const { rows } = await sql<{ id: string; member_id: string; other: number }>`
    SELECT DISTINCT ON (m.member_id) m.id, m.member_id, m.other FROM moves AS m
    WHERE m.side = 'source' AND m.state IN ('frozen', 'demoted')
      AND m.changed_at > now() - ${DAYS} * interval '1 day'
      AND NOT EXISTS (SELECT FROM members AS back WHERE back.id = m.member_id AND back.state IN ('active', 'suspended'))
    ORDER BY m.member_id, m.id DESC`.execute(tx)
  const object = idOf(activity.object)
  const isPost = ['Create', 'Update'].includes(activity.type) && object !== undefined
  if (rows.length === 0 || (isPost && (await isBuried(tx, object, activity.actor)))) return
  const body = JSON.stringify(row.body)
  for (const move of rows) {
    const handle = deps.homes.byId(move.member_id)?.handle
    // What came for one member goes to that one only: two who changed homes would get it back and forth for ever.
    if (row.recipient !== null && row.recipient !== handle) continue
    if (handle === undefined || !(await concerns(tx, deps, move, handle, row, activity, body))) continue
    await tx
      .insertInto('spool')
      .values({
        ordinal: move.other,
        activity_uri: row.activity_uri,
        actor_uri: row.actor_uri,
        recipient: handle,
        body,
      })
      .execute()
    deps.wake.soon('spool')
  }
}

/** Whether it may concern a member of whom a move keeps rows aside here: of one who left, or is about to come. */
export async function concerns(
  db: InstanceDatabase | InstanceTransaction,
  deps: Pick<Deps, 'config'>,
  move: { readonly id: string; readonly member_id: string },
  handle: string,
  row: Pick<IntakeRow, 'recipient'>,
  activity: Incoming,
  body: string,
): Promise<boolean> {
  if (row.recipient === handle) return true
  const { actor, profile } = actorAddresses(deps.config.origin, handle)
  // Also as a part of a longer address, such as of a post of theirs.
  if (body.includes(actor) || body.includes(profile)) return true
  const object = idOf(activity.object) ?? ''
  const { rows } = await sql<{ yes: boolean }>`SELECT
    EXISTS (SELECT FROM carried.accounts WHERE move = ${move.id}::bigint AND uri = ${activity.actor})
    OR EXISTS (SELECT FROM carried.posts WHERE move = ${move.id}::bigint AND uri = ${object})
    OR EXISTS (SELECT FROM posts WHERE in_reply_to_uri = ${object} AND account_id = ${move.member_id}::bigint)
    OR EXISTS (SELECT FROM accounts WHERE uri = ${activity.actor} AND (
      EXISTS (SELECT FROM follows WHERE follower_id = ${move.member_id}::bigint AND followee_id = accounts.id)
      OR EXISTS (SELECT FROM follows WHERE followee_id = ${move.member_id}::bigint AND follower_id = accounts.id)))
    OR EXISTS (SELECT FROM posts WHERE uri = ${object} AND (
      EXISTS (SELECT FROM likes WHERE post_id = posts.id AND account_id = ${move.member_id}::bigint)
      OR EXISTS (SELECT FROM boosts WHERE post_id = posts.id AND account_id = ${move.member_id}::bigint)
      OR EXISTS (SELECT FROM notifications WHERE post_id = posts.id AND member_id = ${move.member_id}::bigint)))
    AS yes`.execute(db)
  return rows[0]?.yes === true
}
