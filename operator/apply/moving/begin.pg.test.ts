import { expect, test } from 'vitest'
import { changeWishes } from '../../../instance/directory/wishes/own.ts'
import { readSpoken, type Spoken } from '../../../instance/directory/wishes/spoken.ts'
import { must } from '../../../test/postgres/lives.ts'
import { neighbourhood } from '../../../test/postgres/neighbourhood.ts'
import type { TestMember } from '../../../test/postgres/people.ts'
import { begin } from './rebalance.ts'

const homes = neighbourhood({ homes: 2, people: ['ana', 'ben', 'cleo'] })

const stay = async (who: TestMember) => {
  must(await changeWishes(homes.at(1), who, { choice: 'stay', names: '' }))
}
const spokenNow = () => readSpoken(homes.mover.deps.directory)
const move = (who: TestMember, spoken: Spoken) =>
  begin(
    homes.mover.deps,
    { member: who.id, from: 1, to: 2, perHour: 60 },
    { id: 'r1', reason: 'Overflow' },
    spoken,
  )

test('whoever says that they stay after a plan was made is not moved by it, and others are', async () => {
  const [ana, ben, cleo] = [homes.person('ana'), homes.person('ben'), homes.person('cleo')]
  await stay(ben)
  const spoken = await spokenNow()
  for (const who of [ana, ben]) {
    await stay(who)
    expect(await move(who, spoken)).toMatchObject({ code: 'wishes-changed' })
  }
  expect(await homes.community.directory.selectFrom('moves').select('id').execute()).toEqual([])
  must(await move(cleo, spoken))
  // A plan that knew, and had no other way.
  must(await move(ana, await spokenNow()))
})
