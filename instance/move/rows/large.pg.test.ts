import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { neighbourhood } from '../../../test/postgres/neighbourhood.ts'
import { join, stranger } from '../../../test/postgres/people.ts'

const homes = neighbourhood({ homes: 2 })
const { at } = homes
const MOST = 12 * 1024 * 1024

test('long posts of others come in pages that a small pod can hold, and all of them come', async () => {
  const ana = await join(at(1), 'ana')
  const talker = await stranger(at(1), 'talker')
  const { db } = at(1)
  // As long as a post of another server may be, and each of them tells her something.
  await sql`INSERT INTO posts (id, uri, url, account_id, visibility, content_html, published_at)
    SELECT 1000000000000000000 + n, 'https://other.example/notes/' || n, 'https://other.example/notes/' || n,
      ${talker}::bigint, 'public', repeat('é', 100000), '2026-01-01' FROM generate_series(1, 250) AS n`.execute(
    db,
  )
  await sql`INSERT INTO mentions (post_id, account_id)
    SELECT id, ${ana.id}::bigint FROM posts WHERE account_id = ${talker}::bigint`.execute(db)
  await sql`INSERT INTO notifications (id, member_id, kind, account_id, post_id)
    SELECT id, ${ana.id}::bigint, 'mention', account_id, id FROM posts WHERE account_id = ${talker}::bigint`.execute(
    db,
  )
  const sizes: number[] = []
  homes.network.around = async (call, send) => {
    const answer = await send()
    if (/\/(page|kept)$/.test(call.path)) sizes.push(Buffer.byteLength(JSON.stringify(answer.body)))
    return answer
  }
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  expect(Math.max(...sizes)).toBeLessThan(MOST)
  const told = at(2)
    .db.selectFrom('notifications')
    .where('member_id', '=', ana.id)
    .where('kind', '=', 'mention')
  const { count } = await told.select((eb) => eb.fn.countAll<string>().as('count')).executeTakeFirstOrThrow()
  expect(Number(count)).toBe(250)
}, 120_000)
