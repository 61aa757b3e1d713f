// What a member was told: pages of it, and how much is unread.

import { sql } from 'kysely'
import type { Instance } from '../instance.ts'
import type { Refusal } from '../refusal.ts'
import { asMember, type MemberRef } from '../store/as-member.ts'
import type { InstanceDatabase } from '../store/database.ts'
import { type AccountView, accountView } from '../timelines/views.ts'
import { type Viewer, visibleTo } from '../visibility/visibility.ts'
import type { NotificationKind } from './notify.ts'

export type NotificationView = {
  readonly id: string
  readonly kind: NotificationKind
  readonly at: Date
  readonly unread: boolean
  readonly account: AccountView | null
  readonly post: { readonly id: string; readonly html: string; readonly author: AccountView } | null
}

const PAGE = 30

export async function readNotifications(
  db: InstanceDatabase,
  viewer: Viewer,
  before?: string,
): Promise<{ notifications: NotificationView[]; next: string | undefined }> {
  const resident = (column: string) =>
    sql<boolean>`EXISTS (SELECT 1 FROM members WHERE members.id = ${sql.ref(column)})`
  let query = db
    .selectFrom('notifications as n')
    .leftJoin('accounts as a', 'a.id', 'n.account_id')
    .leftJoin('posts', (join) => join.onRef('posts.id', '=', 'n.post_id').on(visibleTo(viewer)))
    .leftJoin('accounts as p', 'p.id', 'posts.account_id')
    .select(['n.id', 'n.kind', 'n.created_at', 'n.read_at'])
    .select(['a.id as a_id', 'a.handle as a_handle', 'a.domain as a_domain', 'a.url as a_url'])
    .select(['a.display_name as a_name', 'a.avatar_url as a_avatar', resident('a.id').as('a_resident')])
    .select(['posts.id as post_id', 'posts.content_html', 'p.id as p_id', 'p.handle as p_handle'])
    .select([
      'p.domain as p_domain',
      'p.display_name as p_name',
      'p.avatar_url as p_avatar',
      'p.url as p_url',
    ])
    .select(resident('p.id').as('p_resident'))
    .where('n.member_id', '=', viewer.id)
    .orderBy('n.id', 'desc')
    .limit(PAGE + 1)
  if (before !== undefined) query = query.where('n.id', '<', before)
  const rows = await query.execute()
  const page = rows.slice(0, PAGE)
  const view = (
    id: string | null,
    handle: string | null,
    domain: string | null,
    name: string | null,
    avatar_url: string | null,
    url: string | null,
    isResident: boolean,
  ): AccountView | null =>
    id === null || handle === null
      ? null
      : accountView({
          id,
          handle,
          domain,
          display_name: name ?? '',
          avatar_url,
          url: url ?? '',
          resident: isResident,
        })
  return {
    notifications: page.map((row) => {
      const author = view(
        row.p_id,
        row.p_handle,
        row.p_domain,
        row.p_name,
        row.p_avatar,
        row.p_url,
        row.p_resident,
      )
      return {
        id: row.id,
        kind: row.kind as NotificationKind,
        at: row.created_at,
        unread: row.read_at === null,
        account: view(
          row.a_id,
          row.a_handle,
          row.a_domain,
          row.a_name,
          row.a_avatar,
          row.a_url,
          row.a_resident,
        ),
        post:
          row.post_id !== null && author ? { id: row.post_id, html: row.content_html ?? '', author } : null,
      }
    }),
    next: rows.length > PAGE ? page.at(-1)?.id : undefined,
  }
}

export async function unreadCount(db: InstanceDatabase, memberId: string): Promise<number> {
  const row = await db
    .selectFrom('notifications')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('member_id', '=', memberId)
    .where('read_at', 'is', null)
    .executeTakeFirst()
  return Number(row?.count ?? 0)
}

/** Everything up to `upTo` was seen. */
export function markRead(
  instance: Instance,
  member: MemberRef,
  upTo: string,
): Promise<{ done: true } | Refusal> {
  return asMember(instance, member, async (tx) => {
    await tx
      .updateTable('notifications')
      .set({ read_at: instance.clock() })
      .where('member_id', '=', member.id)
      .where('id', '<=', upTo)
      .where('read_at', 'is', null)
      .execute()
    return { done: true as const }
  })
}
