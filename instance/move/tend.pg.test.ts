// What a home does for its moves by itself, when it can do nothing for one of them.
import { expect, test } from 'vitest'
import { must } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { tendMoves } from './tend.ts'

const homes = neighbourhood({ homes: 2, people: ['ana', 'ben'] })
const { at, person } = homes

test('one who cannot be made active keeps nobody else frozen', async () => {
  const [ana, ben] = [person('ana'), person('ben')]
  const coming = must(await homes.mover.begin(ana.id, 2))
  await homes.mover.driveTo(coming.id, 'switched')
  const { db } = at(2)
  const { progress } = await db
    .selectFrom('moves')
    .select('progress')
    .where('id', '=', coming.id)
    .executeTakeFirstOrThrow()
  await db.updateTable('moves').set({ progress: '{}' }).where('id', '=', coming.id).execute()
  // Ben came before, and is on his way back.
  expect(await homes.mover.move(ben.id, 2)).toEqual({ is: 'done' })
  const going = must(await homes.mover.begin(ben.id, 1))
  await homes.mover.driveTo(going.id, 'frozen')
  const stateOfBen = async () =>
    (await db.selectFrom('members').select('state').where('id', '=', ben.id).executeTakeFirst())?.state
  expect(await stateOfBen()).toBe('frozen')
  await tendMoves(at(2), { frozenMs: 0 })
  expect(await stateOfBen()).toBe('active')
  await db.updateTable('moves').set({ progress }).where('id', '=', coming.id).execute()
  await tendMoves(at(2))
  expect(await homes.mover.drive(coming.id)).toEqual({ is: 'done' })
})
