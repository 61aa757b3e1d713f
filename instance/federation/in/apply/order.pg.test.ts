import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../../test/postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../../../../test/postgres/instances.ts'
import { join, stranger, type TestMember } from '../../../../test/postgres/people.ts'
import { writePost } from '../../../posts/write.ts'
import { isRefusal } from '../../../refusal.ts'
import { apply, type IntakeRow } from './apply.ts'
import { urisOf } from './uris.ts'

let community: TestCommunity
let home: TestInstance
let ana: TestMember
let posted: string
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { domain: 'garden.example' })
  home = await makeInstance(homeOf(community, 1), 1)
  ana = await join(home.instance, 'ana')
  const written = await writePost(home.instance, ana, { text: 'Soup', visibility: 'public' })
  if (isRefusal(written)) throw new Error(written.code)
  posted = `https://garden.example/users/ana/posts/${written.id}`
})
afterAll(async () => {
  await home.close()
  await community.close()
})

const ANA = 'https://garden.example/users/ana'
const BOB = 'https://far.example/users/bob'
const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public'
const act = (id: string, type: string, object: unknown, more: object = {}) => ({
  id: `https://far.example/${id}`,
  type,
  actor: BOB,
  object,
  to: [PUBLIC],
  ...more,
})
const note = (id: string, more: object = {}) => ({
  id: `https://far.example/notes/${id}`,
  type: 'Note',
  attributedTo: BOB,
  content: `note ${id}`,
  to: [PUBLIC],
  published: '2026-01-01T10:00:00Z',
  ...more,
})
const edited = (minute: number, more: object = {}) =>
  note('1', { content: `edit ${minute}`, updated: `2026-01-01T11:${minute}:00Z`, ...more })
const named = {
  tag: [
    { type: 'Mention', href: ANA },
    { type: 'Hashtag', name: '#Late', href: 'https://far.example/tags/late' },
    { type: 'Hashtag', name: '#not a tag' },
  ],
}

/** In the order in which Bob did it all. */
const story = () => [
  act('follow/1', 'Follow', ANA),
  act('undo/1', 'Undo', { id: 'https://far.example/follow/1', type: 'Follow', actor: BOB, object: ANA }),
  act('follow/2', 'Follow', ANA),
  act('create/1', 'Create', note('1', named)),
  act('update/1', 'Update', edited(10, { tag: { type: 'Hashtag', name: '#Early' } })),
  act('update/2', 'Update', edited(20, named)),
  act('update/3', 'Update', edited(20, { ...named, content: 'edit 20, once more' })),
  act('create/2', 'Create', note('2', { inReplyTo: 'https://far.example/notes/1' })),
  act('create/3', 'Create', note('3', { inReplyTo: posted, ...named })),
  act('delete/3', 'Delete', { id: 'https://far.example/notes/3', type: 'Tombstone' }),
  act('create/4', 'Create', note('4', { to: [], cc: [], ...named })),
  act('delete/4', 'Delete', 'https://far.example/notes/4'),
  act('like/1', 'Like', posted),
  act('undo/like', 'Undo', 'https://far.example/like/1'),
  act('like/2', 'Like', posted),
  act('boost/1', 'Announce', posted, { published: '2026-01-01T12:00:00Z' }),
  act('undo/boost', 'Undo', {
    id: 'https://far.example/boost/1',
    type: 'Announce',
    actor: BOB,
    object: posted,
  }),
  act('boost/2', 'Announce', 'https://far.example/notes/1', { published: '2026-01-01T13:00:00Z' }),
]

async function beginAgain(): Promise<void> {
  const { db } = home.instance
  await db.deleteFrom('accounts').where('uri', '=', BOB).execute()
  for (const table of ['tombstones', 'outbox', 'intake', 'notifications'] as const)
    await db.deleteFrom(table).execute()
  const bob = await stranger(home.instance, 'bob', 'far.example')
  await db
    .insertInto('follows')
    .values({ follower_id: ana.id, followee_id: bob, state: 'accepted', activity_uri: `${ANA}/activities/1` })
    .execute()
}

/** Applies them in this order; what must wait for another is tried again after all the others, as the worker does. */
async function applyAll(activities: readonly ReturnType<typeof act>[]): Promise<void> {
  let waiting = activities.map((activity, index): IntakeRow => {
    const { id, actor } = activity
    return {
      id: String(index + 1),
      actor_uri: actor,
      activity_uri: id,
      recipient: null,
      body: activity,
      from_sibling: null,
    }
  })
  for (let round = 0; waiting.length > 0; round++) {
    if (round > 3) throw new Error('some are never done')
    const again: IntakeRow[] = []
    for (const row of waiting) if ((await apply(home.instance, row)).is === 'later') again.push(row)
    waiting = again
  }
}

async function state() {
  const { db } = home.instance
  const edges = async (table: 'likes' | 'boosts') => {
    const rows = await db
      .selectFrom(table)
      .innerJoin('posts', 'posts.id', `${table}.post_id`)
      .select(['posts.uri', `${table}.activity_uri`])
      .orderBy('posts.uri')
      .execute()
    return rows.map((row) => [row.uri, urisOf(row.activity_uri).sort()])
  }
  const follows = await db
    .selectFrom('follows')
    .innerJoin('accounts', 'accounts.id', 'follows.follower_id')
    .select(['accounts.uri', 'follows.state', 'follows.activity_uri'])
    .orderBy('accounts.uri')
    .execute()
  return {
    follows: follows.map((row) => [row.uri, row.state, urisOf(row.activity_uri).sort()]),
    likes: await edges('likes'),
    boosts: await edges('boosts'),
    posts: await db
      .selectFrom('posts')
      .leftJoin('posts as parent', 'parent.id', 'posts.in_reply_to_id')
      .select(['posts.id', 'posts.uri', 'posts.content_html', 'posts.visibility', 'posts.edited_at'])
      .select('parent.uri as parent')
      .orderBy('posts.uri')
      .execute(),
    tags: await db.selectFrom('post_tags').selectAll().orderBy('post_id').orderBy('tag').execute(),
    mentions: await db.selectFrom('mentions').selectAll().orderBy('post_id').execute(),
    notifications: await db
      .selectFrom('notifications')
      .select(['member_id', 'kind', 'account_id', 'post_id'])
      .orderBy('kind')
      .orderBy(sql`post_id`)
      .execute(),
  }
}

test('any order and repetition of what one remote actor did ends in the same state', async () => {
  await beginAgain()
  const all = story()
  await applyAll(all)
  const expected = await state()
  expect(expected.follows).toContainEqual([BOB, 'accepted', ['https://far.example/follow/2']])
  expect(expected.likes).toEqual([[posted, ['https://far.example/like/2']]])
  expect(expected.boosts).toEqual([['https://far.example/notes/1', ['https://far.example/boost/2']]])
  expect(expected.posts.map(({ content_html }) => content_html).sort()).toEqual([
    '<p>Soup</p>',
    'edit 20, once more',
    'note 2',
  ])
  const changed = expected.posts.find((post) => post.uri === 'https://far.example/notes/1')
  expect(expected.tags).toEqual([{ post_id: changed?.id, tag: 'late' }])
  expect(expected.notifications.map(({ kind }) => kind)).toEqual(['follow', 'like', 'mention'])

  const orders = fc
    .tuple(
      fc.shuffledSubarray(all, { minLength: all.length }),
      fc.array(fc.tuple(fc.nat(all.length - 1), fc.nat(all.length)), { maxLength: 8 }),
    )
    .map(([order, repeats]) => {
      const result = [...order]
      for (const [which, where] of repeats) {
        const activity = all[which]
        if (activity) result.splice(where, 0, activity)
      }
      return result
    })
  await fc.assert(
    fc.asyncProperty(orders, async (order) => {
      await beginAgain()
      await applyAll(order)
      expect(await state()).toEqual(expected)
    }),
    { numRuns: 60 },
  )
})
