// What is done to what a member left behind, or while they were on the way, and goes by other ways than most.
import { expect, test } from 'vitest'
import { must, strangersPost } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { stranger } from '../../test/postgres/people.ts'
import { resolveAccount } from '../federation/resolve/account.ts'
import { follow } from '../members/follow.ts'
import { updateProfile } from '../members/profile.ts'
import { answerRequest } from '../members/requests.ts'
import { editPost } from '../posts/edit.ts'
import { like } from '../posts/react.ts'
import { deletePost } from '../posts/remove.ts'
import { writePost } from '../posts/write.ts'

const homes = neighbourhood({
  homes: 3,
  domain: 'aside.example',
  people: ['ana', 'ben', 'cem', 'dee', 'eva', 'fay', 'gil', 'hal', 'ida', 'jon', 'kim'],
})
const { at, person, round } = homes
const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public'
const all = (times?: number) => homes.rounds([1, 2, 3], times)
const arrives = (ordinal: number, body: { id: string; actor: string }) =>
  at(ordinal)
    .db.insertInto('intake')
    .values({ activity_uri: body.id, actor_uri: body.actor, body: JSON.stringify(body) })
    .execute()

test('what was only for an instance is changed and deleted there as well once its author has left', async () => {
  const ana = person('ana')
  const write = async (text: string) => must(await writePost(at(1), ana, { text, visibility: 'instance' })).id
  const [kept, gone] = [await write('Kept'), await write('Regretted')]
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  for (const n of [1, 3]) await at(n).homes.refresh()
  const there = { ...ana, epoch: 2 }
  must(await editPost(at(2), there, kept, { text: 'Mended' }))
  must(await deletePost(at(2), there, gone))
  await all()
  const posts = (n: number) =>
    at(n)
      .db.selectFrom('posts')
      .select(['id', 'content_html', 'visibility', 'instance'])
      .where('account_id', '=', ana.id)
      .execute()
  expect(await posts(1)).toEqual([
    { id: kept, content_html: '<p>Mended</p>', visibility: 'instance', instance: 1 },
  ])
  expect(await posts(3)).toEqual([])
})

test('a profile that was changed just before its owner moved is shown everywhere', async () => {
  const ben = person('ben')
  must(await resolveAccount(at(3), '@ben'))
  await at(3).homes.refresh()
  must(await updateProfile(at(1), ben, { displayName: 'Benedict', bio: '', locked: false }))
  // Home 3 does not know of the move when it hears of it.
  expect(await homes.mover.move(ben.id, 2)).toEqual({ is: 'done' })
  await all()
  await at(3).homes.refresh()
  await all()
  const row = await at(3)
    .db.selectFrom('accounts')
    .select('display_name')
    .where('id', '=', ben.id)
    .executeTakeFirst()
  expect(row).toEqual({ display_name: 'Benedict' })
})

test('a profile is asked for again once its home is up', async () => {
  const cem = person('cem')
  must(await resolveAccount(at(3), '@cem'))
  must(await updateProfile(at(1), cem, { displayName: 'Cemal', bio: '', locked: false }))
  await round(1)
  homes.network.down.add(1)
  await round(3)
  homes.network.down.delete(1)
  await all()
  const row = await at(3)
    .db.selectFrom('accounts')
    .select('display_name')
    .where('id', '=', cem.id)
    .executeTakeFirst()
  expect(row).toEqual({ display_name: 'Cemal' })
})

test('whom a member has turned away does not ask again by an activity that comes late', async () => {
  const dee = person('dee')
  must(await updateProfile(at(1), dee, { displayName: '', bio: '', locked: true }))
  const zoe = await stranger(at(1), 'zoe')
  const uri = 'https://other.example/users/zoe'
  const asks = {
    id: 'https://other.example/follows/1',
    type: 'Follow',
    actor: uri,
    object: 'https://aside.example/users/dee',
  }
  await arrives(1, asks)
  await round(1)
  must(await answerRequest(at(1), dee, zoe, 'reject'))
  expect(await homes.mover.move(dee.id, 2)).toEqual({ is: 'done' })
  await stranger(at(2), 'zoe')
  // Her former home got it a second time, and passes it on.
  await arrives(1, asks)
  await all()
  const asked = await at(2).db.selectFrom('follows').selectAll().where('followee_id', '=', dee.id).execute()
  expect(asked).toEqual([])
})

test('a neighbour who was turned away does not ask again by an activity that comes late', async () => {
  const [eva, fay] = [person('eva'), person('fay')]
  expect(await homes.mover.move(fay.id, 2)).toEqual({ is: 'done' })
  for (const n of [1, 3]) await at(n).homes.refresh()
  const there = { ...fay, epoch: 2 }
  must(await updateProfile(at(2), there, { displayName: '', bio: '', locked: true }))
  await all(1)
  must(await resolveAccount(at(1), '@fay'))
  must(await follow(at(1), eva, fay.id))
  const [sent] = await at(1)
    .db.selectFrom('spool')
    .select(['body', 'actor_uri'])
    .where('ordinal', '=', 2)
    .execute()
  await all()
  must(await answerRequest(at(2), there, eva.id, 'reject'))
  // Handed over twice, for the first answer was lost.
  const body = sent?.body as { id: string }
  await at(2)
    .db.insertInto('intake')
    .values({
      activity_uri: body.id,
      actor_uri: sent?.actor_uri ?? '',
      body: JSON.stringify(body),
      from_sibling: 1,
    })
    .execute()
  await all()
  for (const n of [1, 2]) {
    const edges = await at(n)
      .db.selectFrom('follows')
      .select('state')
      .where('follower_id', '=', eva.id)
      .execute()
    expect([n, edges]).toEqual([n, []])
  }
})

test.each([
  ['gil', 'verified'],
  ['hal', 'copied'],
] as const)(
  'what %s answered is changed at its author’s while they are on the way (%s), and is new where they arrive',
  async (name, step) => {
    const who = person(name)
    const bob = await stranger(at(1), `bob-${name}`)
    const post = await strangersPost(at(1), bob, `thread-${name}`)
    must(await writePost(at(1), who, { text: 'Indeed', visibility: 'public', replyTo: post.id }))
    const begun = must(await homes.mover.begin(who.id, 2))
    await homes.mover.driveTo(begun.id, step)
    const actor = `https://other.example/users/bob-${name}`
    const note = {
      id: post.uri,
      type: 'Note',
      attributedTo: actor,
      content: '<p>Second</p>',
      to: [PUBLIC],
      published: '2026-01-01T10:00:00Z',
      updated: '2026-01-01T11:00:00Z',
    }
    for (const n of [1, 2, 3])
      await arrives(n, {
        id: `https://other.example/u/${name}`,
        type: 'Update',
        actor,
        object: note,
      } as never)
    await all(1)
    expect(await homes.mover.drive(begun.id)).toEqual({ is: 'done' })
    await all()
    const html = (n: number) =>
      at(n).db.selectFrom('posts').select('content_html').where('uri', '=', post.uri).execute()
    expect(await html(2)).toEqual([{ content_html: '<p>Second</p>' }])
  },
)

test('who has turned somebody away and comes to where they live is not told again that they ask', async () => {
  const [ida, ana] = [person('ida'), person('ana')]
  await all(1)
  // Ana lives at 2 by now, and asks Ida, who lives at 1.
  must(await updateProfile(at(1), ida, { displayName: '', bio: '', locked: true }))
  must(await resolveAccount(at(2), '@ida'))
  must(await follow(at(2), { ...ana, epoch: 2 }, ida.id))
  await all()
  must(await answerRequest(at(1), ida, ana.id, 'reject'))
  expect(await homes.mover.move(ida.id, 2)).toEqual({ is: 'done' })
  await all()
  const edges = await at(2).db.selectFrom('follows').selectAll().where('followee_id', '=', ida.id).execute()
  const told = await at(2)
    .db.selectFrom('notifications')
    .select('kind')
    .where('member_id', '=', ida.id)
    .where('kind', '<>', 'notice')
    .execute()
  expect([edges, told]).toEqual([[], []])
})

test('who likes what was only for their instance is seen by its author, who has left', async () => {
  const [jon, kim] = [person('jon'), person('kim')]
  const post = must(await writePost(at(1), jon, { text: 'Ours', visibility: 'instance' }))
  expect(await homes.mover.move(jon.id, 2)).toEqual({ is: 'done' })
  for (const n of [1, 3]) await at(n).homes.refresh()
  must(await like(at(1), kim, post.id))
  await all()
  const likes = await at(2)
    .db.selectFrom('likes')
    .select('account_id')
    .where('post_id', '=', post.id)
    .execute()
  expect(likes).toEqual([{ account_id: kim.id }])
})
