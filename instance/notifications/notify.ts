// Rows of notifications, written by the verbs in their own transactions.
import type { InstanceTransaction } from '../store/database.ts'
import { nextId } from '../store/ids.ts'

export type NotificationKind = 'mention' | 'follow' | 'follow_request' | 'like' | 'boost' | 'notice'

type Note = {
  /** A resident, whose fence the transaction holds. */
  readonly memberId: string
  readonly kind: NotificationKind
  readonly accountId: string
  readonly postId?: string
}

/** Tells a resident. The same thing twice is told once. */
export async function notify(tx: InstanceTransaction, note: Note): Promise<void> {
  if (note.memberId === note.accountId) return
  await tx
    .insertInto('notifications')
    .values({
      id: await nextId(tx),
      member_id: note.memberId,
      kind: note.kind,
      account_id: note.accountId,
      post_id: note.postId ?? null,
    })
    .onConflict((conflict) => conflict.columns(['member_id', 'kind', 'account_id', 'post_id']).doNothing())
    .execute()
}

/**
 * Tells a resident that they have come to live here. What they were told of an earlier home is not true any more, so
 * there is one such note at most, unread again.
 */
export async function notifyOfHome(tx: InstanceTransaction, memberId: string): Promise<void> {
  await tx
    .deleteFrom('notifications')
    .where('member_id', '=', memberId)
    .where('kind', '=', 'notice')
    .where('account_id', 'is', null)
    .where('post_id', 'is', null)
    .execute()
  await tx
    .insertInto('notifications')
    .values({ id: await nextId(tx), member_id: memberId, kind: 'notice' satisfies NotificationKind })
    .execute()
}

/** Takes back what was told, when its cause was undone. */
export async function unnotify(tx: InstanceTransaction, note: Note): Promise<void> {
  await tx
    .deleteFrom('notifications')
    .where('member_id', '=', note.memberId)
    .where('kind', '=', note.kind)
    .where('account_id', '=', note.accountId)
    .where('post_id', 'is not distinct from', note.postId ?? null)
    .execute()
}

/** Takes back that somebody follows the member, or asked to. */
export async function unnotifyFollow(
  tx: InstanceTransaction,
  note: Pick<Note, 'memberId' | 'accountId'>,
): Promise<void> {
  for (const kind of ['follow', 'follow_request'] as const) await unnotify(tx, { ...note, kind })
}
