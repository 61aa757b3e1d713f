import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { neighbourhood } from '../../../test/postgres/neighbourhood.ts'
import { join, stranger } from '../../../test/postgres/people.ts'
import type { CopyPlace, Page } from '../calls.ts'
import { columnsOf } from './columns.ts'
import { inSnapshot } from './export.ts'
import { exportKeptPage } from './kept.ts'

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
    if (call.path.endsWith('/page')) sizes.push(Buffer.byteLength(JSON.stringify(answer.body)))
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
  // And so do those that are kept aside of her, should her new home lose her.
  const { id, member_id } = await db.selectFrom('moves').select(['id', 'member_id']).executeTakeFirstOrThrow()
  const columns = await columnsOf(db)
  const kept: number[] = []
  for (let place: CopyPlace | null = { part: 0, after: null }; place; ) {
    const from: CopyPlace = place
    const page: Page = await inSnapshot(db, (tx) => exportKeptPage(tx, columns, { id, member_id }, from))
    expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(MOST)
    for (const [table, rows] of page.rows) if (table === 'posts') kept.push(JSON.parse(rows).length)
    place = page.next
  }
  expect(kept.reduce((sum, one) => sum + one, 0)).toBe(250)
}, 120_000)
