// A follow, like or boost is taken back: by the id of its activity, or by who did what.
import type { Instance } from '../../../../instance.ts'
import { isResident } from '../../../../members/people.ts'
import { unnotify, unnotifyFollow } from '../../../../notifications/notify.ts'
import type { InstanceTransaction } from '../../../../store/database.ts'
import { ownAddress } from '../../../documents/addresses.ts'
import { idOf, isObject, typeOf } from '../../activity.ts'
import { urisOf, withoutUri } from '../../apply/uris.ts'
import type { Effect } from '../effect.ts'
import { bury } from '../tombstones.ts'
import { withdraw } from './withdraw.ts'

type Undone = {
  readonly id: string | undefined
  readonly type: string | undefined
  readonly target: string | undefined
}

export const undo: Effect = async ({ instance, activity, commit }) => {
  const { object } = activity
  const undone: Undone = {
    id: idOf(object),
    type: typeOf(object),
    target: isObject(object) ? idOf(object.object) : undefined,
  }
  const actor = await instance.db
    .selectFrom('accounts')
    .select('id')
    .where('uri', '=', activity.actor)
    .executeTakeFirst()
  const touched = actor ? await residentsTouched(instance, actor.id, undone) : []
  const blocked = residentBlocked(instance, undone)
  return commit(blocked === null ? touched : [...touched, blocked], async (tx) => {
    if (undone.id) await bury(tx, undone.id, activity.actor, blocked)
    if (!actor) return
    await endFollows(tx, instance, actor.id, undone)
    await endReactions(tx, instance, actor.id, 'likes', undone)
    await endReactions(tx, instance, actor.id, 'boosts', undone)
    // What is for them has rested until now.
    instance.wake.soon('deliveries')
  })
}

/**
 * The resident whose block is taken back. When that was is told by its mark alone, and the follows that they made since
 * travel with them: so does the mark, for other homes may have heard of it later.
 */
function residentBlocked(instance: Instance, { type, target }: Undone): string | null {
  const own = type === 'Block' && target ? ownAddress(instance.config.origin, target) : undefined
  const home = own?.kind === 'actor' ? instance.homes.byHandle(own.handle) : undefined
  return home && isResident(instance, home.id) ? home.id : null
}

/** What of an edge's column is left; `undefined` if this undoing is not about the edge. */
function left(
  column: string | null,
  targetUri: string,
  undone: Undone,
  type: string,
): string | null | undefined {
  if (undone.id && urisOf(column).includes(undone.id)) return withoutUri(column, undone.id)
  // Without an id, who and whom must do. An edge whose activity was never known goes by that too.
  const meant = undone.type === type && undone.target === targetUri
  return meant && (!undone.id || urisOf(column).length === 0) ? null : undefined
}

async function followsOf(db: Pick<InstanceTransaction, 'selectFrom'>, actorId: string) {
  return db
    .selectFrom('follows')
    .innerJoin('accounts', 'accounts.id', 'follows.followee_id')
    .select(['follows.followee_id', 'follows.activity_uri', 'accounts.uri'])
    .where('follows.follower_id', '=', actorId)
    .execute()
}

async function endFollows(
  tx: InstanceTransaction,
  instance: Instance,
  actorId: string,
  undone: Undone,
): Promise<void> {
  for (const edge of await followsOf(tx, actorId)) {
    const rest = left(edge.activity_uri, edge.uri, undone, 'Follow')
    if (rest === undefined) continue
    if (rest !== null) {
      await tx
        .updateTable('follows')
        .set({ activity_uri: rest })
        .where('follower_id', '=', actorId)
        .where('followee_id', '=', edge.followee_id)
        .execute()
      continue
    }
    await tx
      .deleteFrom('follows')
      .where('follower_id', '=', actorId)
      .where('followee_id', '=', edge.followee_id)
      .execute()
    if (!isResident(instance, edge.followee_id)) continue
    await unnotifyFollow(tx, { memberId: edge.followee_id, accountId: actorId })
    await withdraw(tx, { memberId: edge.followee_id, followerId: actorId })
  }
}

async function reactionsOf(
  db: Pick<InstanceTransaction, 'selectFrom'>,
  actorId: string,
  table: 'likes' | 'boosts',
  undone: Undone,
) {
  return db
    .selectFrom(table)
    .innerJoin('posts', 'posts.id', `${table}.post_id`)
    .select([`${table}.post_id`, `${table}.activity_uri`, 'posts.uri', 'posts.account_id'])
    .where(`${table}.account_id`, '=', actorId)
    .where((eb) =>
      eb.or([
        eb('posts.uri', '=', undone.target ?? ''),
        // The column may hold several URIs, so equality is not enough.
        eb(eb.fn<number>('strpos', [`${table}.activity_uri`, eb.val(undone.id ?? '\u0001')]), '>', 0),
      ]),
    )
    .execute()
}

async function endReactions(
  tx: InstanceTransaction,
  instance: Instance,
  actorId: string,
  table: 'likes' | 'boosts',
  undone: Undone,
): Promise<void> {
  for (const edge of await reactionsOf(tx, actorId, table, undone)) {
    const rest = left(edge.activity_uri, edge.uri, undone, table === 'likes' ? 'Like' : 'Announce')
    if (rest === undefined) continue
    if (rest !== null) {
      await tx
        .updateTable(table)
        .set({ activity_uri: rest })
        .where('account_id', '=', actorId)
        .where('post_id', '=', edge.post_id)
        .execute()
      continue
    }
    await tx.deleteFrom(table).where('account_id', '=', actorId).where('post_id', '=', edge.post_id).execute()
    if (!isResident(instance, edge.account_id)) continue
    await unnotify(tx, {
      memberId: edge.account_id,
      kind: table === 'likes' ? 'like' : 'boost',
      accountId: actorId,
      postId: edge.post_id,
    })
  }
}

async function residentsTouched(instance: Instance, actorId: string, undone: Undone): Promise<string[]> {
  const follows = await followsOf(instance.db, actorId)
  const reactions = await Promise.all(
    (['likes', 'boosts'] as const).map((table) => reactionsOf(instance.db, actorId, table, undone)),
  )
  const ids = [
    ...follows
      .filter((edge) => left(edge.activity_uri, edge.uri, undone, 'Follow') !== undefined)
      .map((edge) => edge.followee_id),
    ...reactions.flat().map((edge) => edge.account_id),
  ]
  return [...new Set(ids)].filter((id) => isResident(instance, id))
}
