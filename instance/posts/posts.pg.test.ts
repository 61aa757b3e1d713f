import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../../test/postgres/instances.ts'
import { join, outbox, stranger, type TestMember } from '../../test/postgres/people.ts'
import { follow } from '../members/follow.ts'
import { readNotifications } from '../notifications/list.ts'
import { isRefusal, type Refusal } from '../refusal.ts'
import { boost, like, unboost, unlike } from './react.ts'
import { deletePost } from './remove.ts'
import { writePost } from './write.ts'

let community: TestCommunity
let home: TestInstance
let ana: TestMember
let ben: TestMember
let zoe: string
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'))
  home = await makeInstance(homeOf(community, 1), 1)
  ana = await join(home.instance, 'ana', 'Ana')
  ben = await join(home.instance, 'ben')
  zoe = await stranger(home.instance, 'zoe')
  await home.instance.db
    .insertInto('follows')
    .values({ follower_id: zoe, followee_id: ana.id, state: 'accepted' })
    .execute()
})
afterAll(async () => {
  await home.close()
  await community.close()
})

const done = <T>(result: T | Refusal): T => {
  if (isRefusal(result)) throw new Error(JSON.stringify(result))
  return result
}
const news = async (member: TestMember) =>
  (await readNotifications(home.instance.db, { id: member.id, ordinal: 1 })).notifications.map(
    ({ kind, account }) => `${kind} ${account?.handle}`,
  )
const post = (id: string) =>
  home.instance.db.selectFrom('posts').selectAll().where('id', '=', id).executeTakeFirst()

test('a public post is stored with its document, tells whom it names, and leaves for followers', async () => {
  const { id, url } = done(
    await writePost(home.instance, ana, {
      text: 'Soup at @ben! Ask @zoe@other.example #Soup',
      visibility: 'public',
    }),
  )
  const row = await post(id)
  expect(url).toBe(`https://${community.domain}/@ana/${id}`)
  expect(row?.content_html).toContain(`href="https://${community.domain}/@ben"`)
  const note = JSON.parse(row?.object_json ?? '{}')
  expect(note).toMatchObject({
    type: 'Note',
    id: `https://${community.domain}/users/ana/posts/${id}`,
    to: ['https://www.w3.org/ns/activitystreams#Public'],
  })
  expect(note.tag).toContainEqual({
    type: 'Mention',
    href: 'https://other.example/users/zoe',
    name: '@zoe@other.example',
  })
  expect(note.tag).toContainEqual({
    type: 'Hashtag',
    href: `https://${community.domain}/tags/soup`,
    name: '#Soup',
  })
  expect(await news(ben)).toEqual(['mention ana'])
  expect((await outbox(home.instance)).at(-1)).toEqual({
    type: 'Create',
    id: `${note.id}/activity`,
    inboxes: ['https://other.example/inbox'],
  })
})

test('the same form, sent several times at once, posts once', async () => {
  const draft = { text: 'Once', visibility: 'public', onceKey: 'key-1' } as const
  const results = await Promise.all(Array.from({ length: 6 }, () => writePost(home.instance, ana, draft)))
  expect(new Set(results.map((result) => done(result).id)).size).toBe(1)
  expect(
    await home.instance.db.selectFrom('posts').select('id').where('content_text', '=', 'Once').execute(),
  ).toHaveLength(1)
})

test('"only my instance" never leaves, and links nobody who could not read it', async () => {
  const before = (await outbox(home.instance)).length
  const { id } = done(
    await writePost(home.instance, ana, { text: '@ben @zoe@other.example hush', visibility: 'instance' }),
  )
  const row = await post(id)
  expect(row).toMatchObject({ instance: 1, object_json: null })
  expect(row?.content_html).toContain('@zoe@other.example hush')
  expect(await outbox(home.instance)).toHaveLength(before)
  const answer = await writePost(home.instance, ben, { text: 'Heard!', visibility: 'public', replyTo: id })
  expect(isRefusal(answer) && answer.code).toBe('reply-stays-here')
})

test('direct posts reach only the named, and say so when there is nobody', async () => {
  const nobody = await writePost(home.instance, ana, { text: 'psst', visibility: 'direct' })
  expect(isRefusal(nobody) && nobody.code).toBe('nobody-named')
  const unknown = await writePost(home.instance, ana, { text: 'psst @nosuch', visibility: 'direct' })
  expect(isRefusal(unknown) && unknown.details).toEqual({ name: '@nosuch' })
  const { id } = done(
    await writePost(home.instance, ana, { text: 'psst @zoe@other.example', visibility: 'direct' }),
  )
  const answer = await writePost(home.instance, ben, { text: 'What?', visibility: 'direct', replyTo: id })
  expect(isRefusal(answer) && answer.code).toBe('not-found')
})

test('an answer names whom it answers, likes and boosts tell once, and undoing takes it back', async () => {
  const { id } = done(await writePost(home.instance, ana, { text: 'Tea?', visibility: 'public' }))
  const answer = done(await writePost(home.instance, ben, { text: 'Yes', visibility: 'public', replyTo: id }))
  expect(await post(answer.id)).toMatchObject({ in_reply_to_id: id, in_reply_to_account_id: ana.id })
  for (let times = 0; times < 2; times++) {
    done(await like(home.instance, ben, id))
    done(await boost(home.instance, ben, id))
  }
  expect(await news(ana)).toEqual(['boost ben', 'like ben', 'mention ben'])
  done(await unlike(home.instance, ben, id))
  done(await unboost(home.instance, ben, id))
  expect(await news(ana)).toEqual(['mention ben'])
  const hidden = done(await writePost(home.instance, ana, { text: 'us', visibility: 'instance' }))
  const refused = await boost(home.instance, ben, hidden.id)
  expect(isRefusal(refused) && refused.code).toBe('not-boostable')
})

test('what is done to a stranger’s post is sent to them, and undone with the same id', async () => {
  const { db } = home.instance
  await db
    .insertInto('posts')
    .values({
      id: '77',
      uri: 'https://other.example/posts/77',
      url: 'https://other.example/posts/77',
      account_id: zoe,
      visibility: 'public',
      content_html: '<p>hi</p>',
      published_at: new Date(),
    })
    .execute()
  done(await like(home.instance, ben, '77'))
  done(await unlike(home.instance, ben, '77'))
  done(await follow(home.instance, ben, zoe))
  const sent = (await outbox(home.instance)).slice(-3)
  expect(sent.map(({ type }) => type)).toEqual(['Like', 'Undo', 'Follow'])
  expect(sent[1]?.id).toBe(`${sent[0]?.id}#undo`)
})

test('deleting leaves a tombstone and tells whoever may have a copy', async () => {
  const { id } = done(
    await writePost(home.instance, ana, { text: 'Oops @zoe@other.example', visibility: 'public' }),
  )
  const theirs = await deletePost(home.instance, ben, id)
  expect(isRefusal(theirs) && theirs.code).toBe('not-found')
  done(await deletePost(home.instance, ana, id))
  expect(await post(id)).toBeUndefined()
  const uri = `https://${community.domain}/users/ana/posts/${id}`
  expect(
    await home.instance.db.selectFrom('tombstones').selectAll().where('uri', '=', uri).executeTakeFirst(),
  ).toMatchObject({ member_id: ana.id })
  expect((await outbox(home.instance)).at(-1)).toMatchObject({
    type: 'Delete',
    inboxes: ['https://other.example/inbox'],
  })
})

test('more than the community’s posts an hour are refused, and nothing of them stays', async () => {
  const settings = home.instance.settings()
  const strict = {
    ...home.instance,
    boot: home.instance.boot,
    settings: () => ({ ...settings, postsPerHour: 3 }),
  }
  const eve = await join(home.instance, 'eve')
  const write = () => writePost(strict, eve, { text: 'again', visibility: 'public' })
  const results = await Promise.all([write(), write(), write(), write(), write()])
  expect(results.filter((result) => !isRefusal(result))).toHaveLength(3)
  const refused = results.find(isRefusal)
  expect(refused).toMatchObject({ code: 'too-many-posts', details: { most: 3 } })
  const { length } = await home.instance.db
    .selectFrom('posts')
    .select('id')
    .where('account_id', '=', eve.id)
    .execute()
  expect(length).toBe(3)
})
