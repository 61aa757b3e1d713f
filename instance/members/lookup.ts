// People as pages show them.
import { sql } from 'kysely'
import type { InstanceDatabase } from '../store/database.ts'
import { type AccountView, accountView } from '../timelines/views.ts'
import { type Viewer, visibleTo } from '../visibility/visibility.ts'
import type { FollowState } from './follow.ts'

export type ProfileView = {
  readonly account: AccountView
  /** Sanitised. */
  readonly bioHtml: string
  readonly uri: string
  readonly locked: boolean
  readonly bot: boolean
  readonly joinedAt: Date
  /** Only a resident's are known whole. */
  readonly counts: { readonly posts: number; readonly followers: number; readonly following: number } | null
  /** The viewer follows them. */
  readonly following: FollowState
  readonly followsMe: boolean
  /** They asked to follow the viewer. */
  readonly asksMe: boolean
}

type Which = { readonly id: string } | { readonly resident: string }

const resident = sql<boolean>`EXISTS (SELECT 1 FROM members WHERE members.id = accounts.id)`
const isNone = (...states: readonly string[]) =>
  sql<boolean>`NOT EXISTS (SELECT 1 FROM members WHERE members.id = accounts.id AND members.state IN (${sql.join(states)}))`
/** Whoever is on the way here, or about to go, is shown by their home. */
const settled = isNone('pending', 'staged', 'leaving')
/** A member whose sign-up is not yet complete is nobody. */
const signedUp = isNone('pending')

export async function readProfile(
  db: InstanceDatabase,
  viewer: Viewer | undefined,
  which: Which,
): Promise<ProfileView | undefined> {
  const me = viewer?.id ?? '0'
  let query = db
    .selectFrom('accounts')
    .select(['id', 'handle', 'domain', 'display_name', 'avatar_url', 'url', 'uri', 'bio_html'])
    .select(['locked', 'bot', 'created_at', resident.as('resident')])
    .select([
      sql<number>`(SELECT count(*) FROM posts WHERE account_id = accounts.id AND ${visibleTo(viewer)})::integer`.as(
        'posts',
      ),
      sql<number>`(SELECT count(*) FROM follows WHERE followee_id = accounts.id AND state = 'accepted')::integer`.as(
        'followers',
      ),
      sql<number>`(SELECT count(*) FROM follows WHERE follower_id = accounts.id AND state = 'accepted')::integer`.as(
        'following',
      ),
      sql<
        string | null
      >`(SELECT state FROM follows WHERE follower_id = ${me}::bigint AND followee_id = accounts.id)`.as(
        'mine',
      ),
      sql<
        string | null
      >`(SELECT state FROM follows WHERE follower_id = accounts.id AND followee_id = ${me}::bigint)`.as(
        'theirs',
      ),
    ])
    .where(settled)
  query =
    'id' in which
      ? query.where('id', '=', which.id)
      : query.where('handle', '=', which.resident).where('domain', 'is', null).where(resident)
  const row = await query.executeTakeFirst()
  return (
    row && {
      account: accountView(row),
      bioHtml: row.bio_html,
      uri: row.uri,
      locked: row.locked,
      bot: row.bot,
      joinedAt: row.created_at,
      counts: row.resident ? { posts: row.posts, followers: row.followers, following: row.following } : null,
      following: (row.mine ?? 'none') as FollowState,
      followsMe: row.theirs === 'accepted',
      asksMe: row.theirs === 'pending',
    }
  )
}

const VIEW = ['accounts.id', 'handle', 'domain', 'display_name', 'avatar_url', 'url'] as const
export type PersonView = AccountView & { readonly following: FollowState }
export type PeoplePage = { readonly people: readonly PersonView[]; readonly next: string | undefined }

const PEOPLE = 40

/** Who follows a person or is followed by them, in pages by account id; with what the viewer has to do with each. */
export async function readPeople(
  db: InstanceDatabase,
  viewer: Viewer | undefined,
  accountId: string,
  side: 'followers' | 'following' | 'requests',
  after = '0',
): Promise<PeoplePage> {
  const [theirs, other] =
    side === 'following'
      ? (['follower_id', 'followee_id'] as const)
      : (['followee_id', 'follower_id'] as const)
  const rows = await db
    .selectFrom('follows')
    .innerJoin('accounts', 'accounts.id', `follows.${other}`)
    .select([...VIEW, resident.as('resident')])
    .select(mineTo(viewer).as('mine'))
    .where(`follows.${theirs}`, '=', accountId)
    .where('follows.state', '=', side === 'requests' ? 'pending' : 'accepted')
    .where('accounts.id', '>', after)
    .orderBy('accounts.id')
    .limit(PEOPLE + 1)
    .execute()
  const page = rows.slice(0, PEOPLE)
  return { people: page.map(personView), next: rows.length > PEOPLE ? page.at(-1)?.id : undefined }
}

/** People known here whose name or handle begins with the words, those of this community first. */
export async function searchPeople(
  db: InstanceDatabase,
  viewer: Viewer | undefined,
  words: string,
): Promise<PersonView[]> {
  const term = words.replace(/^@/, '').toLowerCase()
  const pattern = `${term.replace(/[\\%_]/g, '\\$&')}%`
  const rows = await db
    .selectFrom('accounts')
    .select([...VIEW, resident.as('resident')])
    .select(mineTo(viewer).as('mine'))
    .where(signedUp)
    .where(sql<boolean>`(handle LIKE ${pattern} OR lower(display_name) LIKE ${pattern}
      OR lower(display_name) LIKE ${`% ${pattern}`} OR handle || '@' || coalesce(domain, '') LIKE ${pattern})`)
    .orderBy(sql`domain IS NOT NULL`)
    .orderBy('handle')
    .limit(20)
    .execute()
  return rows.map(personView)
}

/** The residents who came last, with a picture first: faces for the front page. */
export async function readResidents(db: InstanceDatabase, most: number): Promise<AccountView[]> {
  const rows = await db
    .selectFrom('members')
    .innerJoin('accounts', 'accounts.id', 'members.id')
    .select(['accounts.id', 'accounts.handle', 'domain', 'display_name', 'avatar_url', 'url'])
    .select(sql<boolean>`true`.as('resident'))
    .where('members.state', '=', 'active')
    .orderBy(sql`avatar_url IS NULL`)
    .orderBy('members.id', 'desc')
    .limit(most)
    .execute()
  return rows.map(accountView)
}

const mineTo = (viewer: Viewer | undefined) =>
  sql<string | null>`(SELECT state FROM follows AS mine
    WHERE mine.follower_id = ${viewer?.id ?? '0'}::bigint AND mine.followee_id = accounts.id)`

const personView = (row: Parameters<typeof accountView>[0] & { mine: string | null }): PersonView => ({
  ...accountView(row),
  following: (row.mine ?? 'none') as FollowState,
})
