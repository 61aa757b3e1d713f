// A member's activity on its way out: written in the transaction of its cause, sent by the workers afterwards.
import { sql } from 'kysely'
import type { Instance } from '../../instance.ts'
import type { InstanceTransaction } from '../../store/database.ts'
import { nextId } from '../../store/ids.ts'
import type { ActivityJson } from '../documents/json.ts'
import { destinations, type Recipient } from './recipients.ts'

export type Outgoing = {
  readonly memberId: string
  readonly activity: ActivityJson
  /** Activities with the same key reach an inbox in the order in which they were queued: use the object's URI. */
  readonly orderingKey: string
  readonly recipients: {
    readonly followers?: boolean
    /** Ids of accounts: of any server, of siblings, of residents (who need nothing sent). */
    readonly accounts?: readonly string[]
    /**
     * Where the caller took accounts to live when it decided what to write here. Memory may know better by now: then
     * what was left to be done at another home would be sent to nobody.
     */
    readonly homes?: ReadonlyMap<string, number>
    /** Homes that get it whoever lives there, unless they are retired. */
    readonly ordinals?: readonly number[]
    /** Every sibling gets it too, for any may have it in its cache. */
    readonly public?: boolean
  }
}

type Deps = Pick<Instance, 'config' | 'homes' | 'wake'>

/**
 * Queues an activity for remote inboxes (outbox and deliveries) and for siblings (spool), in the caller's
 * transaction. Queuing the same activity id again adds only the inboxes that it did not have.
 */
export async function queueActivity(tx: InstanceTransaction, deps: Deps, a: Outgoing): Promise<void> {
  const people = await recipients(tx, a)
  const homeOf = (id: string) => a.recipients.homes?.get(id) ?? deps.homes.byId(id)?.home
  const { ordinal } = deps.config
  const known = deps.homes.instances()
  const retired = known.filter(({ state }) => state === 'Retired').map((one) => one.ordinal)
  const ordinals = known.map((one) => one.ordinal).filter((one) => !retired.includes(one))
  const { inboxes, siblings: homes } = destinations(
    people,
    { ordinal, ordinals, homeOf },
    a.recipients.public ?? false,
  )
  // One that is gone is left out: its share would be handed to all others (spool/redirect).
  const asked = (a.recipients.ordinals ?? []).filter((one) => one !== ordinal && !retired.includes(one))
  const siblings = [...new Set([...homes, ...asked])]
  if (siblings.length > 0) {
    await tx
      .insertInto('spool')
      .values(
        siblings.map((ordinal) => ({
          ordinal,
          activity_uri: a.activity.id,
          actor_uri: a.activity.actor,
          body: JSON.stringify(a.activity),
        })),
      )
      .execute()
    deps.wake.soon('spool')
  }
  const neighbours = people.filter(({ id, domain }) => domain === null && homeOf(id) === ordinal)
  await sendToMoving(
    tx,
    deps,
    neighbours.map(({ id }) => id),
    a.activity,
  )
  if (inboxes.length > 0) {
    const outboxId = await outboxRow(tx, a)
    await tx
      .insertInto('deliveries')
      .values(
        inboxes.map((inbox) => ({
          outbox_id: outboxId,
          member_id: a.memberId,
          ordering_key: a.orderingKey,
          inbox,
          host: new URL(inbox).host,
        })),
      )
      .onConflict((conflict) => conflict.columns(['outbox_id', 'inbox']).doNothing())
      .execute()
    deps.wake.soon('deliveries')
  }
}

async function recipients(tx: InstanceTransaction, a: Outgoing): Promise<Recipient[]> {
  const found: Recipient[] = []
  const columns = ['accounts.id', 'accounts.domain', 'accounts.inbox', 'accounts.shared_inbox'] as const
  if (a.recipients.followers) {
    found.push(
      ...(await tx
        .selectFrom('follows')
        .innerJoin('accounts', 'accounts.id', 'follows.follower_id')
        .select(columns)
        .where('follows.followee_id', '=', a.memberId)
        .where('follows.state', '=', 'accepted')
        .execute()),
    )
  }
  if (a.recipients.accounts?.length) {
    found.push(
      ...(await tx
        .selectFrom('accounts')
        .select(columns)
        .where('id', 'in', [...a.recipients.accounts])
        .execute()),
    )
  }
  return found
}

async function outboxRow(tx: InstanceTransaction, a: Outgoing): Promise<string> {
  const id = await nextId(tx)
  const inserted = await tx
    .insertInto('outbox')
    .values({
      id,
      member_id: a.memberId,
      activity_uri: a.activity.id,
      ordering_key: a.orderingKey,
      activity: JSON.stringify(a.activity),
    })
    .onConflict((conflict) => conflict.column('activity_uri').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (inserted) return inserted.id
  const there = await tx
    .selectFrom('outbox')
    .select('id')
    .where('activity_uri', '=', a.activity.id)
    .executeTakeFirstOrThrow()
  return there.id
}

/**
 * Hands an activity of a resident after those of its recipients who were frozen here, or have just left: memory still
 * has them as neighbours, who need nothing sent. Addressed to each, it waits at the new home until they are there. Whoever
 * was switched to here and is not active yet may be at home again where they come from, if the directory goes back: that
 * home has it too, and otherwise gives it back.
 */
async function sendToMoving(
  tx: InstanceTransaction,
  deps: Deps,
  members: readonly string[],
  activity: ActivityJson,
): Promise<void> {
  if (members.length === 0 || deps.homes.instances().length < 2) return
  const { rows } = await sql<{ member_id: string; other: number }>`
    SELECT DISTINCT ON (m.member_id) m.member_id, m.other FROM moves AS m
    WHERE m.member_id = ANY(${[...members]}::bigint[])
      AND (m.side = 'source' AND m.state IN ('frozen', 'demoted') OR m.side = 'target' AND m.state = 'sealed')
      AND NOT EXISTS (SELECT FROM members AS back WHERE back.id = m.member_id AND back.state IN ('active', 'suspended'))
    ORDER BY m.member_id, m.id DESC`.execute(tx)
  for (const { member_id, other } of rows) {
    const handle = deps.homes.byId(member_id)?.handle
    if (handle === undefined) continue
    await tx
      .insertInto('spool')
      .values({
        ordinal: other,
        activity_uri: activity.id,
        actor_uri: activity.actor,
        recipient: handle,
        body: JSON.stringify(activity),
      })
      .execute()
    deps.wake.soon('spool')
  }
}
