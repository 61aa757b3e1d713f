// What a home does for its moves by itself, when it can do nothing for one of them.
import { expect, test } from 'vitest'
import { must } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { buildPublicApp } from '../server.ts'
import { tendMoves } from './tend.ts'

const homes = neighbourhood({ homes: 2, people: ['ana', 'ben'] })
const { at, person } = homes

test('one who cannot be made active keeps nobody else frozen, and is asked for later', async () => {
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
  // Whoever asks for her is told to come again, not that something broke.
  const app = await buildPublicApp(at(2))
  for (const url of ['/users/ana', '/@ana']) {
    const answer = await app.inject({ url, headers: { host: at(2).config.domain } })
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5'])
  }
  await app.close()
  await db.updateTable('moves').set({ progress }).where('id', '=', coming.id).execute()
  await tendMoves(at(2))
  expect(await homes.mover.drive(coming.id)).toEqual({ is: 'done' })
})
