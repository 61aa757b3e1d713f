import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../../test/postgres/instances.ts'
import { join, outbox, stranger, type TestMember } from '../../test/postgres/people.ts'
import type { Instance } from '../instance.ts'
import { isRefusal, type Refusal } from '../refusal.ts'
import { visibleTo } from '../visibility/visibility.ts'
import type { Draft } from './draft.ts'
import { type Change, editPost } from './edit.ts'
import { like } from './react.ts'
import { deletePost } from './remove.ts'
import { writePost } from './write.ts'

let community: TestCommunity
let home: TestInstance
let instance: Instance
let now = new Date()
let ana: TestMember
let ben: TestMember
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'))
  home = await makeInstance(homeOf(community, 1), 1)
  instance = { ...home.instance, boot: home.boot.id, clock: () => now }
  ana = await join(instance, 'ana')
  ben = await join(instance, 'ben')
  const follower = await stranger(instance, 'fay', 'follower.example')
  await instance.db
    .insertInto('follows')
    .values({ follower_id: follower, followee_id: ana.id, state: 'accepted' })
    .execute()
  for (const [handle, domain] of [
    ['zoe', 'named.example'],
    ['lea', 'liker.example'],
    ['new', 'later.example'],
  ] as const)
    await stranger(instance, handle, domain)
})
afterAll(async () => {
  await home.close()
  await community.close()
})

const done = <T>(result: T | Refusal): T => {
  if (isRefusal(result)) throw new Error(JSON.stringify(result))
  return result
}
const write = async (text: string, more: Partial<Draft> = {}) =>
  done(await writePost(instance, ana, { text, visibility: 'public', ...more })).id
const edit = (id: string, change: Change, who = ana) => editPost(instance, who, id, change)
const code = async (result: Promise<unknown>) => {
  const refusal = await result
  return isRefusal(refusal) ? refusal.code : 'done'
}
const row = (id: string) =>
  instance.db.selectFrom('posts').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
const told = async (id: string) =>
  (await instance.db.selectFrom('notifications').select('member_id').where('post_id', '=', id).execute()).map(
    ({ member_id }) => member_id,
  )
const hostsOf = (sent: { inboxes: string[] } | undefined) => sent?.inboxes.map((inbox) => new URL(inbox).host)

test('a changed post is stored, told and sent anew to whoever has the old one, and to whom it names now', async () => {
  const id = await write('Soup for @zoe@named.example #soup', { summary: 'Food' })
  const lea = await instance.db
    .selectFrom('accounts')
    .select('id')
    .where('handle', '=', 'lea')
    .executeTakeFirstOrThrow()
  await instance.db
    .insertInto('likes')
    .values({ account_id: lea.id, post_id: id, activity_uri: 'https://liker.example/1' })
    .execute()
  const before = await row(id)
  now = new Date(before.published_at.getTime() + 60_000)
  done(await edit(id, { text: 'Stew <b>for</b> @ben and @new@later.example #stew' }))

  const after = await row(id)
  expect(after).toMatchObject({
    id,
    uri: before.uri,
    visibility: 'public',
    summary: '',
    sensitive: false,
    published_at: before.published_at,
    edited_at: now,
  })
  expect(after.content_html).toContain('Stew &lt;b&gt;for&lt;/b&gt;')
  const note = JSON.parse(after.object_json ?? '{}')
  expect(note).toMatchObject({
    id: before.uri,
    published: before.published_at.toISOString(),
    updated: now.toISOString(),
    content: after.content_html,
    summary: null,
  })
  const tags = await instance.db.selectFrom('post_tags').select('tag').where('post_id', '=', id).execute()
  expect(tags).toEqual([{ tag: 'stew' }])
  expect(await told(id)).toEqual([ben.id])
  const sent = (await outbox(instance)).at(-1)
  expect(sent).toMatchObject({ type: 'Update', id: `${before.uri}#updates/${now.getTime()}` })
  expect(hostsOf(sent)).toEqual(['follower.example', 'later.example', 'liker.example', 'named.example'])
})

test('every edit is a later version, also while the clock stands, and none where nothing changed', async () => {
  const id = await write('one')
  done(await edit(id, { text: 'one', summary: '' }))
  expect((await row(id)).edited_at).toBeNull()
  done(await edit(id, { text: 'two' }))
  const first = (await row(id)).edited_at
  done(await edit(id, { text: 'three' }))
  const second = (await row(id)).edited_at
  const published = (await row(id)).published_at
  expect(first && first > published).toBe(true)
  expect(second && first && second > first).toBe(true)
})

test('posts of others, deleted and empty ones are left alone', async () => {
  const id = await write('mine')
  expect(await code(edit(id, { text: 'yours' }, ben))).toBe('not-found')
  expect(await code(edit(id, { text: ' \n ' }))).toBe('empty-post')
  expect(await code(edit(id, { text: 'x'.repeat(5_001) }))).toBe('long-post')
  expect(await row(id)).toMatchObject({ content_text: 'mine', edited_at: null })
  done(await deletePost(instance, ana, id))
  expect(await code(edit(id, { text: 'back again' }))).toBe('not-found')
  expect(await code(edit('1', { text: 'nothing' }))).toBe('not-found')
})

test('a post stays for those whom it was for', async () => {
  const readers = async (id: string, who: TestMember) =>
    (await instance.db.selectFrom('posts').select('id').where('id', '=', id).where(visibleTo(who)).execute())
      .length
  const direct = await write('Hello @ben and @zoe@named.example', { visibility: 'direct' })
  expect(await code(edit(direct, { text: 'Hello @nobody' }))).toBe('unknown-person')
  done(await edit(direct, { text: 'Hello @new@later.example' }))
  // Ben and Zoe have it: what they have is corrected, and nobody else gets it.
  expect(await readers(direct, ben)).toBe(1)
  expect(hostsOf((await outbox(instance)).at(-1))).toEqual(['later.example', 'named.example'])

  const quiet = await write('for followers', { visibility: 'followers' })
  const count = (await outbox(instance)).length
  await instance.db.insertInto('mentions').values({ post_id: quiet, account_id: ben.id }).execute()
  done(await like(instance, ben, quiet))
  done(await edit(quiet, { text: 'for followers, again' }))
  expect((await outbox(instance)).length).toBe(count + 1)
  expect(hostsOf((await outbox(instance)).at(-1))).toEqual(['follower.example'])

  const inside = await write('for this house', { visibility: 'instance' })
  done(await edit(inside, { text: 'for this house, @new@later.example' }))
  expect(await row(inside)).toMatchObject({ visibility: 'instance', instance: 1, object_json: null })
  expect((await outbox(instance)).length).toBe(count + 1)
})

test('edits count as posts of the hour', async () => {
  const id = await write('often')
  const tight = { ...instance, settings: () => ({ ...instance.settings(), postsPerHour: 1 }) }
  expect(await code(editPost(tight, ana, id, { text: 'oftener' }))).toBe('too-many-posts')
  expect((await row(id)).content_text).toBe('often')
})
