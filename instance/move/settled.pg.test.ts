import { sql } from 'kysely'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { homeOf } from '../../test/postgres/instances.ts'
import type { InstanceDatabase } from '../store/database.ts'
import { olderWritesEnded } from './settled.ts'

let community: TestCommunity
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 2 })
})
afterAll(() => community.close())

/** A transaction that has written, and goes on until it is let go. */
async function writing(db: InstanceDatabase): Promise<() => Promise<unknown>> {
  let letGo = () => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  let begun = () => {}
  const writes = new Promise<void>((resolve) => {
    begun = resolve
  })
  const over = db.transaction().execute(async (tx) => {
    await sql`SELECT pg_current_xact_id()`.execute(tx)
    begun()
    await held
  })
  await writes
  const end = () => {
    letGo()
    return over
  }
  onTestFinished(async () => void (await end()))
  return end
}

test('a write in this database is waited for', async () => {
  const { db } = homeOf(community, 1)
  const end = await writing(db)
  expect(await olderWritesEnded(db, 20)).toBe(false)
  const waited = olderWritesEnded(db, 20_000)
  await end()
  expect(await waited).toBe(true)
})

test('a write in another database of the server is not waited for', async () => {
  await writing(homeOf(community, 2).db)
  expect(await olderWritesEnded(homeOf(community, 1).db, 0)).toBe(true)
})
