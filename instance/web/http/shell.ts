// What surrounds every page: the community, who is looking, and how much they have not read.
import type { FastifyRequest } from 'fastify'
import { sql } from 'kysely'
import type { SignedIn } from '../../accounts/session.ts'
import { tokenHolder } from '../../door/route.ts'
import type { Instance } from '../../instance.ts'
import type { AccountView } from '../../timelines/views.ts'
import { accountView } from '../../timelines/views.ts'
import type { Viewer } from '../../visibility/visibility.ts'
import type { Assets } from './assets.ts'

export type Me = SignedIn & {
  readonly account: AccountView
  readonly unread: number
  /** Ordinal of the home that they are being moved to. */
  readonly movingTo: number | null
}

export type Shell = {
  readonly title: string
  readonly description: string
  readonly domain: string
  readonly origin: string
  readonly ordinal: number
  readonly registration: 'Open' | 'Invite' | 'Closed'
  readonly several: boolean
  readonly me: Me | undefined
  /** Somebody of this community who is logged in at another home: this page cannot know them, but their home does. */
  readonly neighbour: { readonly handle: string } | undefined
  /** With the query. */
  readonly path: string
  readonly now: Date
  readonly assets: Assets
}

export const viewerOf = (shell: Pick<Shell, 'me' | 'ordinal'>): Viewer | undefined =>
  shell.me && { id: shell.me.id, ordinal: shell.ordinal }

/** What people call a home: never its parts, such as pods and databases. */
export const homeName = (
  shell: Pick<Shell, 'title' | 'several' | 'ordinal'>,
  ordinal = shell.ordinal,
): string => (shell.several || ordinal !== shell.ordinal ? `${shell.title} ${ordinal}` : shell.title)

export async function readShell(instance: Instance, assets: Assets, request: FastifyRequest): Promise<Shell> {
  const { title, description, registration } = instance.settings()
  const { domain, origin, ordinal } = instance.config
  const member = request.member
  const holder = member
    ? undefined
    : tokenHolder({ cookie: request.headers.cookie, authorization: undefined })
  const home = holder === undefined ? undefined : instance.homes.byId(holder)
  return {
    title,
    description,
    registration,
    domain,
    origin,
    ordinal,
    several: instance.homes.instances().filter(({ state }) => state !== 'Retired').length > 1,
    me: member && (await readMe(instance, member)),
    neighbour: home?.state === 'active' && home.home !== ordinal ? { handle: home.handle } : undefined,
    path: request.url,
    now: instance.clock(),
    assets,
  }
}

async function readMe(instance: Instance, member: SignedIn): Promise<Me | undefined> {
  const row = await instance.db
    .selectFrom('accounts')
    .select([
      'id',
      'handle',
      'domain',
      'display_name',
      'avatar_url',
      'url',
      sql<boolean>`true`.as('resident'),
    ])
    .select(
      sql<number>`(SELECT count(*) FROM (SELECT FROM notifications
        WHERE member_id = accounts.id AND read_at IS NULL LIMIT 100) AS unread)::integer`.as('unread'),
    )
    // This home's own memory of the move, which it has as long as it can be undone: no page waits for the directory.
    .select(
      sql<number | null>`(SELECT other FROM moves WHERE member_id = accounts.id AND side = 'source'
        AND state IN ('logging', 'quiet', 'frozen') ORDER BY id DESC LIMIT 1)`.as('moving_to'),
    )
    .where('id', '=', member.id)
    .executeTakeFirst()
  return row && { ...member, account: accountView(row), unread: row.unread, movingTo: row.moving_to }
}
