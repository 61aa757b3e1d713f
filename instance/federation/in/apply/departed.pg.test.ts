// What comes for somebody while they move, and after they left, reaches them where they are.
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { must } from '../../../../test/postgres/lives.ts'
import { neighbourhood } from '../../../../test/postgres/neighbourhood.ts'
import { stranger, type TestMember } from '../../../../test/postgres/people.ts'
import { follow, unfollow } from '../../../members/follow.ts'
import { like, unlike } from '../../../posts/react.ts'
import { writePost } from '../../../posts/write.ts'
import { resolveAccount } from '../../resolve/account.ts'
import { handOver } from '../../spool/sender.ts'
import { asActivity, isMalformed } from '../activity.ts'
import { keep } from '../keep.ts'
import { apply } from './apply.ts'
import { lease } from './worker.ts'

const names = Array.from({ length: 13 }, (_, n) => `moving${n}`)
const homes = neighbourhood({ homes: 2, people: names })
const { at } = homes
let friend = ''
let next = 0
beforeAll(async () => {
  // The last lives at the other home from the beginning.
  expect(await homes.mover.move(homes.person(names.at(-1) ?? '').id, 2)).toEqual({ is: 'done' })
  for (const n of [1, 2]) await at(n).homes.refresh()
  friend = await stranger(at(1), 'friend')
  await stranger(at(2), 'friend')
})
/** Somebody who was in no test before. */
const another = (): TestMember => homes.person(names[next++] ?? '')
let ana: TestMember
beforeEach(() => {
  ana = another()
})

const neighbour = () => ({ ...homes.person(names.at(-1) ?? ''), epoch: 2 })
const actor = (who: TestMember) => `https://${homes.community.domain}/users/${who.handle}`
const FRIEND = 'https://other.example/users/friend'

/** An activity as a pod kept it for this home. */
async function comes(ordinal: number, activity: Record<string, unknown>, recipient: string | null = null) {
  const body = { id: `https://other.example/activities/${Math.random()}`, actor: FRIEND, ...activity }
  await at(ordinal)
    .db.insertInto('intake')
    .values({ activity_uri: body.id, actor_uri: FRIEND, recipient, body: JSON.stringify(body) })
    .execute()
}
/** Applies and hands over at both homes until nothing is left to be done. */
async function settleAll(only: readonly number[] = [1, 2]) {
  for (let round = 0; round < 6; round++) {
    for (const ordinal of only) {
      for (const row of await lease(at(ordinal), 50)) await apply(at(ordinal), row)
      await at(ordinal).db.updateTable('intake').set({ leased_until: null }).execute()
      while ((await handOver(at(ordinal), 3 - ordinal, new AbortController().signal)) === 'more');
    }
  }
}
const note = (text: string, more: Record<string, unknown> = {}) => ({
  type: 'Create',
  to: ['https://www.w3.org/ns/activitystreams#Public'],
  object: {
    id: `https://other.example/notes/${text}`,
    type: 'Note',
    attributedTo: FRIEND,
    content: text,
    published: new Date().toISOString(),
    to: ['https://www.w3.org/ns/activitystreams#Public'],
    ...more,
  },
})
const hasPost = async (ordinal: number, text: string) =>
  (
    await at(ordinal)
      .db.selectFrom('posts')
      .select('id')
      .where('uri', '=', `https://other.example/notes/${text}`)
      .execute()
  ).length === 1
const toldOf = async (who: TestMember, kind: string, ordinal = 2) =>
  (
    await at(ordinal)
      .db.selectFrom('notifications')
      .select('id')
      .where('member_id', '=', who.id)
      .where('kind', '=', kind)
      .execute()
  ).length
const befriend = async (who: TestMember) => {
  must(await follow(at(1), who, friend))
  await at(1).db.updateTable('follows').set({ state: 'accepted' }).where('follower_id', '=', who.id).execute()
}

test.each([
  'frozen',
  // What is applied now is carried no more.
  'verified',
] as const)(
  'a post of somebody she follows, which her old home had not applied when she was %s, is in her timeline',
  async (step) => {
    await befriend(ana)
    // Whoever went before her follows the same friend.
    await at(2).db.deleteFrom('follows').execute()
    // Her new home has had its copy before she came, when it meant nothing there.
    const late = { id: `${FRIEND}/creates/${step}`, ...note(step) }
    await comes(2, late)
    await settleAll([2])
    expect(await hasPost(2, step)).toBe(false)
    const begun = must(await homes.mover.begin(ana.id, 2))
    await homes.mover.driveTo(begun.id, step)
    await comes(1, late)
    await settleAll([1])
    expect(await homes.mover.drive(begun.id)).toEqual({ is: 'done' })
    await settleAll()
    expect(await hasPost(2, step)).toBe(true)
  },
)

test('what names her, comes to her own inbox, or is done to her posts at the old home, after she left', async () => {
  const post = must(await writePost(at(1), ana, { text: 'Like me', visibility: 'public' }))
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  await comes(1, { type: 'Like', object: `${actor(ana)}/posts/${post.id}` })
  await comes(1, note('hello', { tag: [{ type: 'Mention', href: actor(ana) }] }))
  await comes(1, { type: 'Follow', object: actor(ana) }, ana.handle)
  await settleAll()
  expect([await toldOf(ana, 'like'), await toldOf(ana, 'mention'), await toldOf(ana, 'follow')]).toEqual([
    1, 1, 1,
  ])
  expect(await at(1).db.selectFrom('intake').select('id').execute()).toEqual([])
})

test('what comes to the own inboxes of two at one home, of whom one has left, counts for both', async () => {
  const stays = another()
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  const tag = [ana, stays].map((who) => ({ type: 'Mention', href: actor(who) }))
  const activity = asActivity({ id: `${FRIEND}/creates/both`, actor: FRIEND, ...note('both', { tag }) })
  if (isMalformed(activity)) throw new Error(activity.problem)
  // Whichever inbox it comes to first, at a pod that knows nothing of her move yet.
  for (const { handle } of [ana, stays]) await keep(at(1), activity, { ordinal: 1, handle })
  await settleAll()
  expect([await toldOf(ana, 'mention', 2), await toldOf(stays, 'mention', 1)]).toEqual([1, 1])
})

/** Comes to her own inbox, which is at this home. */
async function arrives(ordinal: number, body: Record<string, unknown>, settling = [1, 2]) {
  const activity = asActivity(body)
  if (isMalformed(activity)) throw new Error(activity.problem)
  await keep(at(ordinal), activity, { ordinal, handle: ana.handle })
  await settleAll(settling)
}

test('what was taken back at her old home, and comes only where she lives now, never was', async () => {
  const post = must(await writePost(at(1), ana, { text: 'Like me not', visibility: 'public' }))
  const like = {
    id: `${FRIEND}/likes/1`,
    type: 'Like',
    actor: FRIEND,
    object: `${actor(ana)}/posts/${post.id}`,
  }
  const note = { id: `${FRIEND}/notes/taken-back`, type: 'Note', attributedTo: FRIEND, content: 'Oh' }
  const create = {
    id: `${FRIEND}/creates/1`,
    type: 'Create',
    actor: FRIEND,
    object: { ...note, tag: [{ type: 'Mention', href: actor(ana) }], to: [actor(ana)] },
  }
  await arrives(1, { ...like, id: `${FRIEND}/undos/1`, type: 'Undo', object: like })
  await arrives(1, { ...create, id: `${FRIEND}/deletes/1`, type: 'Delete', object: note })
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  await arrives(2, like)
  await arrives(2, create)
  expect([await toldOf(ana, 'like'), await toldOf(ana, 'mention')]).toEqual([0, 0])
  const liked = await at(2).db.selectFrom('likes').select('post_id').where('post_id', '=', post.id).execute()
  expect(liked).toEqual([])
})

test('a block that was taken back at her old home, and comes only where she lives now, spares what was made since', async () => {
  const block = { id: `${FRIEND}/blocks/1`, type: 'Block', actor: FRIEND, object: actor(ana) }
  await arrives(1, { ...block, id: `${FRIEND}/blocks/1/undo`, type: 'Undo', object: block }, [1])
  await befriend(ana)
  // Her new home hears of it only now, after she has followed them again.
  await settleAll()
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  await arrives(2, block)
  const edges = () =>
    at(2).db.selectFrom('follows').select('state').where('follower_id', '=', ana.id).execute()
  expect(await edges()).toEqual([{ state: 'accepted' }])
  await arrives(2, { ...block, id: `${FRIEND}/blocks/2` })
  expect(await edges()).toEqual([])
})

test('what comes to her own inbox at the new home before she is there waits for her', async () => {
  const begun = must(await homes.mover.begin(ana.id, 2))
  await homes.mover.driveTo(begun.id, 'switched')
  await comes(2, { type: 'Follow', object: actor(ana) }, ana.handle)
  await settleAll([2])
  expect(await at(2).db.selectFrom('intake').select('id').execute()).toHaveLength(1)
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'done' })
  await settleAll()
  expect(await toldOf(ana, 'follow')).toBe(1)
})

test('what touches her while she is frozen is not dropped', async () => {
  const begun = must(await homes.mover.begin(ana.id, 2))
  await homes.mover.driveTo(begun.id, 'frozen')
  await comes(1, { type: 'Follow', object: actor(ana) })
  const [row] = await lease(at(1), 1)
  expect(row && (await apply(at(1), row))).toEqual({ is: 'later', why: 'frozen' })
  await at(1).db.updateTable('intake').set({ leased_until: null }).execute()
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'done' })
  await settleAll()
  expect(await toldOf(ana, 'follow')).toBe(1)
})

test('what she did before she left, and her old home hands over afterwards, still counts; what she took back does not', async () => {
  const cem = neighbour()
  const post = must(await writePost(at(2), cem, { text: 'By a neighbour', visibility: 'public' }))
  const uri = `${actor(cem)}/posts/${post.id}`
  must(await resolveAccount(at(1), cem.handle))
  await at(1)
    .db.insertInto('posts')
    .values({
      id: post.id,
      uri,
      url: uri,
      account_id: cem.id,
      visibility: 'public',
      content_html: '',
      published_at: new Date(),
    })
    .execute()
  must(await like(at(1), ana, post.id))
  must(await follow(at(1), ana, cem.id))
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  const here = { ...ana, epoch: 2 }
  must(await unlike(at(2), here, post.id))
  // Her old home hands over the like and the follow only now.
  await settleAll()
  expect(
    await at(2).db.selectFrom('likes').select('post_id').where('account_id', '=', ana.id).execute(),
  ).toEqual([])
  expect(
    await at(2).db.selectFrom('follows').select('state').where('follower_id', '=', ana.id).execute(),
  ).toEqual([{ state: 'accepted' }])
})

test('edges between her and a neighbour are as the neighbour left them', async () => {
  const cem = neighbour()
  must(await resolveAccount(at(2), ana.handle))
  must(await follow(at(2), cem, ana.id))
  await settleAll()
  expect(
    await at(1).db.selectFrom('follows').select('state').where('follower_id', '=', cem.id).execute(),
  ).toEqual([{ state: 'accepted' }])
  // Her old home has not heard of it yet when she is copied.
  must(await unfollow(at(2), cem, ana.id))
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  await settleAll()
  expect(
    await at(2)
      .db.selectFrom('follows')
      .select('state')
      .where('follower_id', '=', cem.id)
      .where('followee_id', '=', ana.id)
      .execute(),
  ).toEqual([])
})

test('a follow by a neighbour that her old home had not heard of is answered at the new one', async () => {
  const cem = neighbour()
  must(await resolveAccount(at(2), ana.handle))
  must(await follow(at(2), cem, ana.id))
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  await settleAll()
  expect(
    await at(2)
      .db.selectFrom('follows')
      .select('state')
      .where('follower_id', '=', cem.id)
      .where('followee_id', '=', ana.id)
      .execute(),
  ).toEqual([{ state: 'accepted' }])
  expect(await toldOf(ana, 'follow')).toBe(1)
})
