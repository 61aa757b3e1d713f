import sharp from 'sharp'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../../test/postgres/instances.ts'
import { join, outbox, stranger, type TestMember } from '../../test/postgres/people.ts'
import { preparePicture } from '../media/picture.ts'
import { readPicture } from '../media/store.ts'
import { readNotifications } from '../notifications/list.ts'
import { isRefusal } from '../refusal.ts'
import { follow, unfollow } from './follow.ts'
import { readPeople, readProfile } from './lookup.ts'
import { updateProfile } from './profile.ts'
import { answerRequest } from './requests.ts'

let community: TestCommunity
let home: TestInstance
let ana: TestMember
let ben: TestMember
let zoe: string
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'))
  home = await makeInstance(homeOf(community, 1), 1)
  ana = await join(home.instance, 'ana')
  ben = await join(home.instance, 'ben')
  zoe = await stranger(home.instance, 'zoe')
})
afterAll(async () => {
  await home.close()
  await community.close()
})

const profile = { displayName: 'Ana  B', bio: 'Bread & #soup\nhttps://a.example', locked: false }
const news = async (member: TestMember) =>
  (await readNotifications(home.instance.db, { id: member.id, ordinal: 1 })).notifications.map(
    ({ kind }) => kind,
  )

test('a resident is followed at once, or asked first if they want that', async () => {
  expect(await follow(home.instance, ana, ben.id)).toEqual({ state: 'accepted' })
  expect(await follow(home.instance, ana, ben.id)).toEqual({ state: 'accepted' })
  expect(await news(ben)).toEqual(['follow'])
  await updateProfile(home.instance, ana, { ...profile, locked: true })
  expect(await follow(home.instance, ben, ana.id)).toEqual({ state: 'pending' })
  expect(await news(ana)).toEqual(['follow_request'])
  expect((await readPeople(home.instance.db, undefined, ana.id, 'requests')).people).toHaveLength(1)
  expect(await answerRequest(home.instance, ana, ben.id, 'accept')).toEqual({ done: true })
  expect(await news(ana)).toEqual(['follow'])
  const again = await answerRequest(home.instance, ana, ben.id, 'reject')
  expect(isRefusal(again) && again.code).toBe('not-found')
  expect(await unfollow(home.instance, ben, ana.id)).toEqual({ state: 'none' })
  expect(await news(ana)).toEqual([])
})

test('somebody elsewhere is asked by an activity, and told when it is taken back', async () => {
  const start = (await outbox(home.instance)).length
  expect(await follow(home.instance, ana, zoe)).toEqual({ state: 'pending' })
  expect(await unfollow(home.instance, ana, zoe)).toEqual({ state: 'none' })
  const sent = (await outbox(home.instance)).slice(start)
  expect(sent.map(({ type }) => type)).toEqual(['Follow', 'Undo'])
  expect(sent[0]?.inboxes).toEqual(['https://other.example/inbox'])
  const self = await follow(home.instance, ana, ana.id)
  expect(isRefusal(self) && self.code).toBe('follow-yourself')
})

test('a request from elsewhere is answered there', async () => {
  await home.instance.db
    .insertInto('follows')
    .values({
      follower_id: zoe,
      followee_id: ana.id,
      state: 'pending',
      activity_uri: 'https://other.example/f/1',
    })
    .execute()
  await answerRequest(home.instance, ana, zoe, 'accept')
  expect((await outbox(home.instance)).at(-1)?.type).toBe('Accept')
})

test('a profile is stored, its document rebuilt, and followers told', async () => {
  const input = await sharp({ create: { width: 900, height: 500, channels: 3, background: '#a43' } })
    .withExif({ IFD0: { Artist: 'Ana at home' } })
    .jpeg()
    .toBuffer()
  const picture = await preparePicture(input)
  if (isRefusal(picture)) throw new Error(picture.code)
  expect(picture).toMatchObject({ width: 400, height: 400, contentType: 'image/webp' })
  expect((await sharp(picture.bytes).metadata()).exif).toBeUndefined()
  expect(await updateProfile(home.instance, ana, { ...profile, picture })).toEqual({ done: true })
  const row = await home.instance.db
    .selectFrom('accounts')
    .select(['actor_json', 'avatar_url', 'bio_html'])
    .where('id', '=', ana.id)
    .executeTakeFirstOrThrow()
  const url = `https://${community.domain}/media/${ana.id}/${picture.sha256}`
  expect(row.avatar_url).toBe(url)
  expect(JSON.parse(row.actor_json ?? '')).toMatchObject({
    name: 'Ana  B',
    summary: row.bio_html,
    icon: { url, mediaType: 'image/webp' },
    publicKey: { owner: `https://${community.domain}/users/ana` },
  })
  expect((await readPicture(home.instance.db, ana.id, picture.sha256))?.bytes).toEqual(picture.bytes)
  expect((await outbox(home.instance)).at(-1)).toMatchObject({ type: 'Update' })
  expect(await readProfile(home.instance.db, { id: ben.id }, { resident: 'ana' })).toMatchObject({
    account: { displayName: 'Ana  B', resident: true },
    counts: { followers: 1 },
  })
  const long = await updateProfile(home.instance, ana, { ...profile, bio: 'x'.repeat(501) })
  expect(isRefusal(long) && long.code).toBe('long-bio')
})
