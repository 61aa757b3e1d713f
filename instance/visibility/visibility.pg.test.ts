import fc from 'fast-check'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { maySee, type ServerViewer, type Viewer, type Visibility, visibleTo } from './visibility.ts'

let community: TestCommunity
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'))
})
afterAll(() => community.close())

const PEOPLE = ['1', '2', '3', '4']
const VISIBILITIES: Visibility[] = ['public', 'unlisted', 'followers', 'direct', 'instance']

const worlds = fc.record({
  posts: fc.array(
    fc.record({
      author: fc.constantFrom(...PEOPLE),
      visibility: fc.constantFrom(...VISIBILITIES),
      instance: fc.integer({ min: 1, max: 3 }),
      mentions: fc.uniqueArray(fc.constantFrom(...PEOPLE)),
    }),
    { minLength: 1, maxLength: 12 },
  ),
  follows: fc.uniqueArray(
    fc.record({
      from: fc.constantFrom(...PEOPLE),
      to: fc.constantFrom(...PEOPLE),
      state: fc.constantFrom('pending', 'accepted'),
    }),
    { selector: (edge) => `${edge.from}>${edge.to}` },
  ),
})

/** Two of them live at one server, one at another, and one here. */
const SERVERS: Record<string, string | null> = { 1: null, 2: 'a.example', 3: 'a.example', 4: 'b.example' }

const viewers: (Viewer | ServerViewer | undefined)[] = [
  undefined,
  { server: 'a.example' },
  { server: 'b.example' },
  { server: 'c.example' },
  ...PEOPLE.flatMap((id) => [{ id }, { id, ordinal: 1 }, { id, ordinal: 2 }]),
]

test('the SQL condition and the plain rule agree on every post, viewer and world', async () => {
  const db = community.homes.get(1)?.db
  if (!db) throw new Error('no home')
  const columns = { url: 'u', inbox: 'i' }
  await db
    .insertInto('accounts')
    .values(
      PEOPLE.map((id) => ({ ...columns, id, uri: `u${id}`, handle: `h${id}`, domain: SERVERS[id] ?? null })),
    )
    .execute()
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      await db.deleteFrom('posts').execute()
      await db.deleteFrom('follows').execute()
      await db
        .insertInto('posts')
        .values(
          world.posts.map((post, at) => ({
            id: String(at + 1),
            uri: `p${at}`,
            url: 'u',
            account_id: post.author,
            visibility: post.visibility,
            instance: post.visibility === 'instance' ? post.instance : null,
            content_html: '',
            published_at: new Date(0),
          })),
        )
        .execute()
      const mentions = world.posts.flatMap((post, at) =>
        post.mentions.map((account_id) => ({ post_id: String(at + 1), account_id })),
      )
      if (mentions.length > 0) await db.insertInto('mentions').values(mentions).execute()
      const edges = world.follows.map(({ from, to, state }) => ({
        follower_id: from,
        followee_id: to,
        state,
      }))
      if (edges.length > 0) await db.insertInto('follows').values(edges).execute()
      for (const viewer of viewers) {
        const isViewer = (id: string) =>
          viewer !== undefined && ('id' in viewer ? viewer.id === id : viewer.server === SERVERS[id])
        const rows = await db.selectFrom('posts').select('id').where(visibleTo(viewer)).execute()
        const expected = world.posts.flatMap((post, at) => {
          const facts = {
            visibility: post.visibility,
            authorId: post.author,
            instance: post.visibility === 'instance' ? post.instance : null,
            mentioned: post.mentions.some(isViewer),
            follows: world.follows.some(
              (edge) => isViewer(edge.from) && edge.to === post.author && edge.state === 'accepted',
            ),
          }
          return maySee(facts, viewer) ? [String(at + 1)] : []
        })
        expect(rows.map((row) => row.id).sort()).toEqual(expected.sort())
      }
    }),
    { numRuns: 60 },
  )
})
