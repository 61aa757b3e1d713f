import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../../test/postgres/instances.ts'
import { isRefusal, refuse } from '../refusal.ts'
import { asMember, asMembers } from './as-member.ts'
import type { InstanceTransaction } from './database.ts'
import { ofHome } from './kv.ts'

let community: TestCommunity
let home: TestInstance
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 1 })
  home = await makeInstance(homeOf(community, 1), 1)
})
afterAll(async () => {
  await home.close()
  await community.close()
})
beforeEach(async () => {
  const { db } = home.instance
  await db.deleteFrom('kv').execute()
  await db.deleteFrom('members').execute()
  await db.deleteFrom('accounts').execute()
  for (const id of ['1', '2', '3']) {
    await db
      .insertInto('accounts')
      .values({ id, uri: `u${id}`, handle: `h${id}`, url: 'u', inbox: 'i' })
      .execute()
    await db
      .insertInto('members')
      .values({ id, handle: `h${id}`, state: 'active', password_hash: '' })
      .execute()
  }
})

const keep = (key: string) => async (tx: InstanceTransaction) => {
  await tx
    .insertInto('kv')
    .values({ key: ofHome('key', key), value: '1', expires_at: new Date() })
    .execute()
  return key
}
const kept = async () =>
  (await home.instance.db.selectFrom('kv').select('key').execute())
    .map((row) => row.key.replace(/^key:/, ''))
    .toSorted()
const become = (state: string, id = '1') =>
  home.instance.db.updateTable('members').set({ state }).where('id', '=', id).execute()

test('an active member with the right epoch writes', async () => {
  expect(await asMember(home.instance, { id: '1', epoch: 1 }, keep('a'))).toBe('a')
  expect(await kept()).toEqual(['a'])
})

test.each([
  ['frozen', 'frozen'],
  ['suspended', 'suspended'],
  ['pending', 'unsettled'],
  ['staged', 'elsewhere'],
  ['leaving', 'elsewhere'],
])('who is %s writes nothing: %s', async (state, code) => {
  await become(state)
  expect(await asMember(home.instance, { id: '1', epoch: 1 }, keep('a'))).toMatchObject({ code })
  expect(await kept()).toEqual([])
})

test('nobody, and a member of another epoch, are elsewhere', async () => {
  expect(await asMember(home.instance, { id: '9', epoch: 1 }, keep('a'))).toMatchObject({ code: 'elsewhere' })
  expect(await asMember(home.instance, { id: '1', epoch: 2 }, keep('a'))).toMatchObject({ code: 'elsewhere' })
  expect(await kept()).toEqual([])
})

test('what is written before a refusal is undone', async () => {
  const result = await asMember(home.instance, { id: '1', epoch: 1 }, async (tx) => {
    await keep('a')(tx)
    return refuse('forbidden')
  })
  expect(result).toMatchObject({ code: 'forbidden' })
  expect(await kept()).toEqual([])
})

test('several at once: suspended ones keep what arrives, one who is frozen or gone stops it all', async () => {
  await become('suspended', '2')
  expect(await asMembers(home.instance, ['3', '1', '2'], keep('a'))).toBe('a')
  expect(await asMembers(home.instance, [], keep('b'))).toBe('b')
  await become('frozen', '3')
  const refused = { code: 'frozen', details: { member: '3' } }
  expect(await asMembers(home.instance, ['3', '1'], keep('c'))).toMatchObject(refused)
  expect(await asMembers(home.instance, ['1', '9'], keep('d'))).toMatchObject({ code: 'elsewhere' })
  expect(await kept()).toEqual(['a', 'b'])
})

test('without this process’s boot row nothing is written: the database was restored', async () => {
  const { db, boot } = home.instance
  await db.deleteFrom('boots').execute()
  expect(await asMember(home.instance, { id: '1', epoch: 1 }, keep('a'))).toMatchObject({ code: 'restored' })
  expect(await asMembers(home.instance, [], keep('a'))).toMatchObject({ code: 'restored' })
  // Nor with a copy of it, which a younger dump brings back.
  await db
    .insertInto('boots')
    .values({ id: boot.split(' ')[0] ?? '' })
    .execute()
  expect(await asMember(home.instance, { id: '1', epoch: 1 }, keep('a'))).toMatchObject({ code: 'restored' })
  await home.reboot()
})

test('a member who is frozen in the middle of many writes: every acknowledged one is seen by what follows', async () => {
  const { db } = home.instance
  for (let round = 0; round < 15; round++) {
    const acknowledged: string[] = []
    let stopped = false
    const writers = Array.from({ length: 3 }, async (_, writer) => {
      for (let n = 0; !stopped; n++) {
        const key = `${round}-${writer}-${n}`
        const result = await asMember(home.instance, { id: '1', epoch: 1 }, keep(key))
        if (isRefusal(result)) return
        acknowledged.push(key)
      }
    })
    while (acknowledged.length < 10) await new Promise((resolve) => setImmediate(resolve))
    await db.transaction().execute(async (tx) => {
      await sql`SELECT pg_advisory_xact_lock(1)`.execute(tx)
      await tx.updateTable('members').set({ state: 'frozen' }).where('id', '=', '1').execute()
    })
    const copy = await kept()
    await Promise.all(writers)
    stopped = true
    expect(await kept()).toEqual(copy)
    for (const key of acknowledged) expect(copy).toContain(key)
    await become('active')
  }
})

test('two that lock the same members in different orders never wait for each other for ever', async () => {
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      asMembers(home.instance, n % 2 === 0 ? ['1', '2', '3'] : ['3', '2', '1'], keep(`k${n}`)),
    ),
  )
  expect(results.filter(isRefusal)).toEqual([])
})
