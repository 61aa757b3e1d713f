import { beforeAll, beforeEach, expect, test } from 'vitest'
import { neighbourhood } from '../../../../../test/postgres/neighbourhood.ts'
import { stranger } from '../../../../../test/postgres/people.ts'
import { follow, followState, unfollow } from '../../../../members/follow.ts'
import { homeTimeline } from '../../../../timelines/timelines.ts'
import { apply } from '../../apply/apply.ts'

const { at, person } = neighbourhood({ homes: 1, domain: 'garden.example', people: ['ana'] })
let bob: string
beforeAll(async () => {
  bob = await stranger(at(1), 'bob', 'far.example')
})
beforeEach(() => unfollow(at(1), person('ana'), bob))

const ANA = 'https://garden.example/users/ana'
const BOB = 'https://far.example/users/bob'
const embedded = (id?: string) => ({ ...(id && { id }), type: 'Follow', actor: ANA, object: BOB })

/** Follows, and gives the id of the follow's activity. */
async function asks(): Promise<string> {
  await follow(at(1), person('ana'), bob)
  const edge = await at(1)
    .db.selectFrom('follows')
    .select('activity_uri')
    .where('follower_id', '=', person('ana').id)
    .where('followee_id', '=', bob)
    .executeTakeFirstOrThrow()
  return edge.activity_uri ?? ''
}

let answers = 0
async function answer(type: 'Accept' | 'Reject', object: unknown) {
  const id = `https://far.example/answers/${++answers}`
  const body = { id, type, actor: BOB, object }
  const row = { id: String(answers), actor_uri: BOB, activity_uri: id, recipient: null, from_sibling: null }
  expect(await apply(at(1), { ...row, body })).toEqual({ is: 'done' })
  return (await followState(at(1).db, person('ana').id, bob)) ?? 'none'
}

const SHAPES: [string, (id: string) => unknown][] = [
  ['embedded', embedded],
  ['named by its id', (id) => id],
]

test.each(SHAPES)(
  'an answer to a follow that was taken back leaves the next one as it is: %s',
  async (_, of) => {
    const old = await asks()
    await unfollow(at(1), person('ana'), bob)
    const now = await asks()
    expect(now).not.toBe(old)
    expect(await answer('Accept', of(old))).toBe('pending')
    expect(await answer('Reject', of(old))).toBe('pending')
    expect(await answer('Accept', of(now))).toBe('accepted')
    expect(await answer('Reject', of(old))).toBe('accepted')
    expect(await answer('Reject', of(now))).toBe('none')
  },
)

test.each<[string, unknown]>([
  // What Mastodon makes of a follow whose id it does not know.
  ['an id made up under the follower', embedded(`${ANA}#follows/17`)],
  ['only the id made up under the follower', `${ANA}#follows/17`],
  ['an id of the other server', embedded('https://far.example/follows/17')],
  ['no id', embedded()],
])('an answer that names no follow of ours goes by who and whom: %s', async (_, object) => {
  await asks()
  expect(await answer('Accept', object)).toBe('accepted')
  expect(await answer('Reject', object)).toBe('none')
})

test('a follow whose activity is not known is answered by any', async () => {
  const old = await asks()
  await at(1).db.updateTable('follows').set({ activity_uri: null }).execute()
  expect(await answer('Accept', embedded(old))).toBe('accepted')
  expect(await answer('Reject', embedded(old))).toBe('none')
})

test('what was written after the answer, and came before it, is there once it comes', async () => {
  const asked = await asks()
  const uri = 'https://far.example/notes/early'
  const note = { id: uri, type: 'Note', attributedTo: BOB, content: 'Welcome', to: [`${BOB}/followers`] }
  const id = 'https://far.example/creates/early'
  const row = { id: '100', actor_uri: BOB, activity_uri: id, recipient: null, from_sibling: null }
  const body = { id, type: 'Create', actor: BOB, object: note, to: note.to }
  expect(await apply(at(1), { ...row, body })).toEqual({ is: 'done' })
  const seen = async () => (await homeTimeline(at(1).db, person('ana'))).entries.map(({ post }) => post.uri)
  expect(await seen()).toEqual([])
  expect(await answer('Accept', asked)).toBe('accepted')
  expect(await seen()).toEqual([uri])
})
