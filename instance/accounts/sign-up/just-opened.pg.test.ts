import { expect, inject, test } from 'vitest'
import { makeCommunity } from '../../../test/postgres/databases.ts'
import { makeInstance, makeTestSiblings } from '../../../test/postgres/instances.ts'
import { join } from '../../../test/postgres/people.ts'

test('the only home with room may take a moment to be reached', async () => {
  const community = await makeCommunity(inject('postgresPort'), { homes: 2, cap: 1 })
  const network = makeTestSiblings()
  const at = async (ordinal: number) => {
    const home = community.homes.get(ordinal)
    if (!home) throw new Error('no such home')
    return makeInstance({ ...community, db: home.db }, ordinal, network)
  }
  const [first, second] = [await at(1), await at(2)]
  await join(first.instance, 'ana')
  network.down.add(2)
  // It answers from the second try on, as an address does that the network has just learnt of.
  const call = first.instance.siblings.call
  let tries = 0
  Object.assign(first.instance.siblings, {
    call: (...args: Parameters<typeof call>) => {
      if (++tries > 2) network.down.delete(2)
      return call(...args)
    },
  })
  const bo = await join(first.instance, 'bo')
  expect((await first.instance.homes.freshById(bo.id))?.home).toBe(2)
  expect(tries).toBeGreaterThan(2)
  await first.close()
  await second.close()
  await community.close()
})
