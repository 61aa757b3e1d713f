import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from './databases.ts'

let community: TestCommunity
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 1, cap: 2 })
})
afterAll(() => community.close())

test('a plain INSERT of one resident too many is refused by the database itself', async () => {
  const home = community.homes.get(1)
  if (!home) throw new Error('no home')
  const insert = async (id: number) => {
    await home.db
      .insertInto('accounts')
      .values({ id: String(id), uri: `u${id}`, handle: `h${id}`, url: 'u', inbox: 'i' })
      .execute()
    await home.db
      .insertInto('members')
      .values({ id: String(id), handle: `h${id}`, state: 'active', password_hash: '' })
      .execute()
  }
  await insert(1)
  await insert(2)
  await expect(insert(3)).rejects.toThrow('cap_of_this_instance')
  await expect(home.db.updateTable('home').set({ cap: 300 }).execute()).rejects.toThrow('permission denied')
  expect(await home.db.selectFrom('home').select(['residents', 'high_water']).executeTakeFirst()).toEqual({
    residents: 2,
    high_water: 2,
  })
})
