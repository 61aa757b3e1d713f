// What is put in its place before the switch: it is set right at the switch, and taken away if there is none.
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { BROUGHT, live, must } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { stranger } from '../../test/postgres/people.ts'
import { readNote } from '../federation/remote/note.ts'
import { resolveAccount } from '../federation/resolve/account.ts'
import { savePost } from '../federation/resolve/save-post.ts'
import { deletePost } from '../posts/remove.ts'
import { writePost } from '../posts/write.ts'
import { columnsOf } from './rows/columns.ts'
import { digestsOf } from './rows/digest.ts'
import { inSnapshot } from './rows/export.ts'

const homes = neighbourhood({
  homes: 2,
  people: ['ana', 'ben', 'cem', 'dee', 'eve', 'fay', 'gil', 'hal', 'ida'],
})
const { at, person } = homes

/** Who has liked and boosted a post in somebody's life. */
const fanOf = async (name: string) =>
  (
    await at(1)
      .db.selectFrom('accounts')
      .select('id')
      .where('handle', '=', `${name}s_fan`)
      .executeTakeFirstOrThrow()
  ).id

const belongings = async (ordinal: number, id: string) => {
  const { db } = at(ordinal)
  const found = await inSnapshot(db, async (tx) => digestsOf(tx, id, BROUGHT, await columnsOf(db)))
  // The epoch is one more; deliveries are numbered anew.
  return { ...found, members: 0, deliveries: found.deliveries?.count, post_aliases: 0 }
}

test('whatever becomes of it before the switch, the switch sets it right', async () => {
  const ana = person('ana')
  const life = await live(at(1), ana, 'ana')
  const begun = must(await homes.mover.begin(ana.id, 2))
  await homes.mover.driveTo(begun.id, 'quiesced')
  const late = must(await writePost(at(1), ana, { text: 'Late, for @ben', visibility: 'public' }))
  must(await deletePost(at(1), ana, life.posts[1] ?? ''))
  await homes.mover.driveTo(begun.id, 'frozen')
  const before = await belongings(1, ana.id)
  // As if it had all been something else that came here.
  const { db } = at(2)
  const me = sql`${ana.id}::bigint`
  const placed = await db.selectFrom('posts').select('id').where('account_id', '=', ana.id).execute()
  expect(placed.map(({ id }) => id)).toContain(late.id)
  const first = sql`(SELECT min(id) FROM posts WHERE account_id = ${me})`
  const second = sql`(SELECT id FROM posts WHERE account_id = ${me} AND id <> ${first} ORDER BY id LIMIT 1)`
  for (const spoil of [
    sql`UPDATE posts SET content_html = 'older' WHERE id = ${first}`,
    sql`DELETE FROM posts WHERE id = ${late.id}::bigint`,
    sql`INSERT INTO mentions (post_id, account_id) VALUES (${first}, ${me})`,
    sql`DELETE FROM post_tags`,
    sql`DELETE FROM follows WHERE followee_id = ${me}`,
    sql`UPDATE notifications SET read_at = now() WHERE member_id = ${me}`,
    sql`DELETE FROM deliveries WHERE member_id = ${me}`,
    sql`UPDATE outbox SET ordering_key = 'another' WHERE member_id = ${me}`,
    sql`DELETE FROM kv`,
    sql`UPDATE likes SET activity_uri = 'another' WHERE post_id = ${first} AND account_id <> ${me}`,
    sql`INSERT INTO likes (account_id, post_id, activity_uri)
      SELECT id, ${second}, 'taken back' FROM accounts WHERE handle = 'anas_fan'`,
    sql`UPDATE boosts SET activity_uri = 'another' WHERE post_id = ${first} AND account_id <> ${me}`,
    sql`INSERT INTO boosts (id, account_id, post_id, visibility, activity_uri)
      SELECT 1, id, ${second}, 'public', 'taken back' FROM accounts WHERE handle = 'anas_fan'`,
    sql`INSERT INTO carried.placed_boosts (move, id) VALUES (${begun.id}::bigint, 1)`,
  ]) {
    expect((await spoil.execute(db)).numAffectedRows).toBeGreaterThan(0n)
  }
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'done' })
  expect(await belongings(2, ana.id)).toEqual(before)
})

test.each([
  ['likes', 'eve'],
  ['boosts', 'fay'],
] as const)(
  'who of other servers %s a post is placed with it, and taken away when the move is given up',
  async (table, name) => {
    const who = person(name)
    const life = await live(at(1), who, name)
    const fan = await fanOf(name)
    const held = async (ordinal: number, post = 0) =>
      (
        await at(ordinal)
          .db.selectFrom(table)
          .select('activity_uri')
          .where('account_id', '=', fan)
          .where('post_id', '=', life.posts[post] ?? '')
          .execute()
      ).map(({ activity_uri }) => activity_uri)
    const begun = must(await homes.mover.begin(who.id, 2))
    await homes.mover.driveTo(begun.id, 'copied')
    expect(await held(2)).toEqual([`https://other.example/${table.charAt(0)}/${name}`])
    const { db } = at(1)
    await db.deleteFrom(table).where('account_id', '=', fan).execute()
    const again = {
      account_id: fan,
      post_id: life.posts[1] ?? '',
      activity_uri: `https://other.example/${table}/2`,
    }
    if (table === 'likes') await db.insertInto(table).values(again).execute()
    else
      await db
        .insertInto(table)
        .values({ ...again, id: '2', visibility: 'public' })
        .execute()
    expect(await homes.mover.abandon(begun.id, 'wanted')).toBe(true)
    expect(await homes.mover.drive(begun.id)).toEqual({ is: 'undone', code: 'wanted' })
    expect(await held(2)).toEqual([])
    // The first was taken back at the earlier home, and another came.
    expect(await homes.mover.move(who.id, 2)).toEqual({ is: 'done' })
    expect([await held(2), await held(2, 1)]).toEqual([[], [again.activity_uri]])
    expect([await held(1), await held(1, 1)]).toEqual([[], []])
  },
)

test('a boost that came here by itself, for a resident who follows its booster, stays as it is', async () => {
  const gil = person('gil')
  const life = await live(at(1), gil, 'gil')
  const post_id = life.posts[0] ?? ''
  const fan = await fanOf('gil')
  const { db } = at(2)
  // Ana lives here by now.
  await stranger(at(2), 'gils_fan')
  await db
    .insertInto('follows')
    .values({ follower_id: person('ana').id, followee_id: fan, state: 'accepted' })
    .execute()
  const post = await at(1)
    .db.selectFrom('posts')
    .selectAll()
    .where('id', '=', post_id)
    .executeTakeFirstOrThrow()
  must(await resolveAccount(at(2), '@gil'))
  await db
    .insertInto('posts')
    .values({ ...post, object_json: null, content_text: null })
    .execute()
  const own = { id: '3', account_id: fan, post_id, visibility: 'public', activity_uri: 'as it came here' }
  await db.insertInto('boosts').values(own).execute()
  const boosts = async () =>
    db.selectFrom('boosts').select('activity_uri').where('post_id', '=', post_id).execute()

  const begun = must(await homes.mover.begin(gil.id, 2))
  await homes.mover.driveTo(begun.id, 'copied')
  expect(await boosts()).toEqual([{ activity_uri: own.activity_uri }])
  expect(await homes.mover.abandon(begun.id, 'wanted')).toBe(true)
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'undone', code: 'wanted' })
  expect(await boosts()).toEqual([{ activity_uri: own.activity_uri }])
  expect(await homes.mover.move(gil.id, 2)).toEqual({ is: 'done' })
  expect(await boosts()).toEqual([{ activity_uri: own.activity_uri }])
})

test('whom somebody here follows meanwhile stays here when the move is given up, and so do their boosts', async () => {
  const [ben, cem] = [person('ben'), person('cem')]
  const life = await live(at(1), ben, 'ben')
  const fan = await fanOf('ben')
  expect(await homes.mover.move(cem.id, 2)).toEqual({ is: 'done' })
  const begun = must(await homes.mover.begin(ben.id, 2))
  await homes.mover.driveTo(begun.id, 'copied')
  const { db } = at(2)
  const edge = { follower_id: cem.id, state: 'accepted' }
  await db
    .insertInto('follows')
    .values([life.stranger, fan].map((followee_id) => ({ ...edge, followee_id })))
    .execute()
  expect(await homes.mover.abandon(begun.id, 'wanted')).toBe(true)
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'undone', code: 'wanted' })
  const known = await db
    .selectFrom('accounts')
    .select('handle')
    .where('handle', 'like', 'bens_%')
    .orderBy('handle')
    .execute()
  expect(known).toEqual([{ handle: 'bens_fan' }, { handle: 'bens_friend' }])
  const followed = await db
    .selectFrom('follows')
    .select('followee_id')
    .where('follower_id', '=', cem.id)
    .execute()
  expect(followed).toHaveLength(2)
  expect(await db.selectFrom('boosts').select('post_id').where('account_id', '=', fan).execute()).toEqual([
    { post_id: life.posts[0] },
  ])
})

test('a post that somebody brings along while it is placed stays here when the move is given up', async () => {
  const [hal, ida] = [person('hal'), person('ida')]
  const post = must(await writePost(at(1), hal, { text: 'In her timeline', visibility: 'public' }))
  const edge = { follower_id: ida.id, followee_id: hal.id, state: 'accepted' }
  await at(1).db.insertInto('follows').values(edge).execute()
  const begun = must(await homes.mover.begin(hal.id, 2))
  await homes.mover.driveTo(begun.id, 'copied')
  expect(await homes.mover.move(ida.id, 2)).toEqual({ is: 'done' })
  expect(await homes.mover.abandon(begun.id, 'wanted')).toBe(true)
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'undone', code: 'wanted' })
  const left = await at(2)
    .db.selectFrom('posts')
    .select(['id', 'object_json', 'content_text'])
    .where('account_id', '=', hal.id)
    .execute()
  expect(left).toEqual([{ id: post.id, object_json: null, content_text: null }])
})

test('a post that comes by itself while it is placed stays here when the move is given up', async () => {
  const dee = person('dee')
  const post = must(await writePost(at(1), dee, { text: 'Known everywhere', visibility: 'public' }))
  const unheard = must(await writePost(at(1), dee, { text: 'Known at home', visibility: 'public' }))
  const begun = must(await homes.mover.begin(dee.id, 2))
  await homes.mover.driveTo(begun.id, 'copied')
  const { db } = at(2)
  const row = await db.selectFrom('posts').selectAll().where('id', '=', post.id).executeTakeFirstOrThrow()
  const object = JSON.parse(row.object_json ?? '')
  const note = readNote(object)
  const author = must(await resolveAccount(at(2), object.attributedTo))
  if (!note) throw new Error('no note')
  await db.transaction().execute((tx) => savePost(tx, at(2), note, author))
  expect(await homes.mover.abandon(begun.id, 'wanted')).toBe(true)
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'undone', code: 'wanted' })
  const left = await db
    .selectFrom('posts')
    .select(['id', 'object_json', 'content_text'])
    .where('id', 'in', [post.id, unheard.id])
    .execute()
  expect(left).toEqual([{ id: post.id, object_json: null, content_text: null }])
})
