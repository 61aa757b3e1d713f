// What is put in its place before the switch: it is set right at the switch, and taken away if there is none.
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { BROUGHT, live, must } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { readNote } from '../federation/remote/note.ts'
import { resolveAccount } from '../federation/resolve/account.ts'
import { savePost } from '../federation/resolve/save-post.ts'
import { deletePost } from '../posts/remove.ts'
import { writePost } from '../posts/write.ts'
import { columnsOf } from './rows/columns.ts'
import { digestsOf } from './rows/digest.ts'
import { inSnapshot } from './rows/export.ts'

const homes = neighbourhood({ homes: 2, people: ['ana', 'ben', 'cem', 'dee', 'eve'] })
const { at, person } = homes

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
  ]) {
    expect((await spoil.execute(db)).numAffectedRows).toBeGreaterThan(0n)
  }
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'done' })
  expect(await belongings(2, ana.id)).toEqual(before)
})

test('who of other servers likes a post is placed with it, and taken away when the move is given up', async () => {
  const eve = person('eve')
  const life = await live(at(1), eve, 'eve')
  const fan = await at(1)
    .db.selectFrom('accounts')
    .select('id')
    .where('handle', '=', 'eves_fan')
    .executeTakeFirstOrThrow()
  const liked = async (ordinal: number, post = 0) =>
    (
      await at(ordinal)
        .db.selectFrom('likes')
        .select('activity_uri')
        .where('account_id', '=', fan.id)
        .where('post_id', '=', life.posts[post] ?? '')
        .execute()
    ).map(({ activity_uri }) => activity_uri)
  const begun = must(await homes.mover.begin(eve.id, 2))
  await homes.mover.driveTo(begun.id, 'copied')
  expect(await liked(2)).toEqual(['https://other.example/l/eve'])
  const { db } = at(1)
  await db.deleteFrom('likes').where('account_id', '=', fan.id).execute()
  const again = {
    account_id: fan.id,
    post_id: life.posts[1] ?? '',
    activity_uri: 'https://other.example/l/2',
  }
  await db.insertInto('likes').values(again).execute()
  expect(await homes.mover.abandon(begun.id, 'wanted')).toBe(true)
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'undone', code: 'wanted' })
  expect(await liked(2)).toEqual([])
  // The first was taken back at the earlier home, and another came.
  expect(await homes.mover.move(eve.id, 2)).toEqual({ is: 'done' })
  expect([await liked(2), await liked(2, 1)]).toEqual([[], [again.activity_uri]])
  expect([await liked(1), await liked(1, 1)]).toEqual([[], []])
})

test('whom somebody here follows meanwhile stays here when the move is given up', async () => {
  const [ben, cem] = [person('ben'), person('cem')]
  const life = await live(at(1), ben, 'ben')
  expect(await homes.mover.move(cem.id, 2)).toEqual({ is: 'done' })
  const begun = must(await homes.mover.begin(ben.id, 2))
  await homes.mover.driveTo(begun.id, 'copied')
  const { db } = at(2)
  const followed = { follower_id: cem.id, followee_id: life.stranger, state: 'accepted' }
  await db.insertInto('follows').values(followed).execute()
  expect(await homes.mover.abandon(begun.id, 'wanted')).toBe(true)
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'undone', code: 'wanted' })
  const known = await db.selectFrom('accounts').select('handle').where('handle', 'like', 'bens_%').execute()
  expect(known).toEqual([{ handle: 'bens_friend' }])
  expect(
    await db.selectFrom('follows').select('followee_id').where('follower_id', '=', cem.id).execute(),
  ).toEqual([{ followee_id: life.stranger }])
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
