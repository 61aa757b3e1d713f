// What a home does for its moves by itself, when it can do nothing for one of them.
import { expect, test } from 'vitest'
import { runAt } from '../../test/postgres/databases.ts'
import { must } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { buildPublicApp } from '../server.ts'
import { verifyResidents } from '../store/boots/residents.ts'
import { repairHome, tendMoves } from './tend.ts'

const homes = neighbourhood({ homes: 2, people: ['ana', 'ben', 'cem', 'dee'] })
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

test('one who cannot be let go of keeps nobody else', async () => {
  const people = [person('cem'), person('dee')]
  const moves: string[] = []
  for (const { id } of people) {
    const { id: move } = must(await homes.mover.begin(id, 2))
    moves.push(move)
    await homes.mover.driveTo(move, 'activated')
  }
  const { db, directory, log, homes: known } = at(1)
  await verifyResidents({ db, directory, homes: known, ordinal: 1, log })
  const url = homes.community.adminUrls.homes.get(1) ?? ''
  await runAt(
    url,
    `CREATE FUNCTION stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'stays'; END $$;
     CREATE TRIGGER stays BEFORE DELETE ON members FOR EACH ROW WHEN (OLD.id = ${people[0]?.id}) EXECUTE FUNCTION stays()`,
  )
  const here = async () =>
    (await db.selectFrom('members').select('handle').where('state', '=', 'leaving').execute()).map(
      ({ handle }) => handle,
    )
  expect(await here()).toHaveLength(2)
  await repairHome(at(1))
  expect(await here()).toEqual(['cem'])
  await runAt(url, 'DROP TRIGGER stays ON members; DROP FUNCTION stays')
  await repairHome(at(1))
  expect(await here()).toEqual([])
  for (const move of moves) expect(await homes.mover.drive(move)).toEqual({ is: 'done' })
})
