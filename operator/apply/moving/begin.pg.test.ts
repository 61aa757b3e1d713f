import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { changeWishes } from '../../../instance/directory/wishes/own.ts'
import { readSpoken, type Spoken } from '../../../instance/directory/wishes/spoken.ts'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import {
  homeOf,
  makeInstance,
  makeTestSiblings,
  type TestInstance,
} from '../../../test/postgres/instances.ts'
import { must } from '../../../test/postgres/lives.ts'
import { type Mover, makeMover } from '../../../test/postgres/moves.ts'
import { join, type TestMember } from '../../../test/postgres/people.ts'
import { begin } from './rebalance.ts'

let community: TestCommunity
let home: TestInstance
let mover: Mover
beforeAll(async () => {
  const network = makeTestSiblings()
  community = await makeCommunity(inject('postgresPort'), { homes: 2, cap: 10 })
  home = await makeInstance(homeOf(community, 1), 1, network)
  mover = makeMover(community, network)
})
afterAll(async () => {
  await mover.close()
  await home.close()
  await community.close()
})

const stay = async (who: TestMember) => {
  must(await changeWishes(home.instance, who, { choice: 'stay', names: '' }))
}
const spokenNow = () => readSpoken(mover.deps.directory)
const move = (who: TestMember, spoken: Spoken) =>
  begin(mover.deps, { member: who.id, from: 1, to: 2, perHour: 60 }, { id: 'r1', reason: 'Overflow' }, spoken)

test('whoever says that they stay after a plan was made is not moved by it, and others are', async () => {
  const ana = await join(home.instance, 'ana')
  const ben = await join(home.instance, 'ben')
  const cleo = await join(home.instance, 'cleo')
  await stay(ben)
  const spoken = await spokenNow()
  for (const who of [ana, ben]) {
    await stay(who)
    expect(await move(who, spoken)).toMatchObject({ code: 'wishes-changed' })
  }
  expect(await community.directory.selectFrom('moves').select('id').execute()).toEqual([])
  must(await move(cleo, spoken))
  // A plan that knew, and had no other way.
  must(await move(ana, await spokenNow()))
})
