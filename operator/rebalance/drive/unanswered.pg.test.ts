// A home that fails at a step, or gives no answer: how long it is waited for, and what becomes of the move.
import { sql } from 'kysely'
import pg from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import type { Step } from '../../../instance/directory/moves/move.ts'
import { readMove } from '../../../instance/directory/moves/read.ts'
import { tendMoves } from '../../../instance/move/tend.ts'
import { must } from '../../../test/postgres/lives.ts'
import { neighbourhood } from '../../../test/postgres/neighbourhood.ts'
import { readMoves } from '../../postgres/directory/moves.ts'
import { openServer } from '../../postgres/server/session.ts'
import type { Driven } from './drive.ts'
import { PATIENCE_MS, PATIENCE_TRIES } from './patience.ts'

const town = neighbourhood({ homes: 2, people: ['ana'] })
let home = 1

/** As a bug at this home would: whatever is written to one of its tables fails, and its answer is a 500. */
async function breakHome(ordinal: number, table: string): Promise<void> {
  await asOwner(
    ordinal,
    `CREATE OR REPLACE FUNCTION public.is_broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a bug'; END $$;
     CREATE TRIGGER is_broken BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION public.is_broken()`,
  )
}
const mend = (ordinal: number) => asOwner(ordinal, 'DROP FUNCTION IF EXISTS public.is_broken() CASCADE')

async function asOwner(ordinal: number, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: town.community.adminUrls.homes.get(ordinal) })
  await client.connect()
  await client.query(statement)
  await client.end()
}

afterEach(async () => {
  town.network.down.clear()
  delete town.network.around
  await Promise.all([1, 2].map(mend))
})

const stepOf = async (id: string) => (await readMove(town.community.directory, id))?.step
const troubleOf = async (id: string) => {
  const row = await town.community.directory
    .selectFrom('moves')
    .select('trouble')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return row.trouble
}
/** What has kept the move waiting began so long before: nobody waits for a quarter of an hour here. */
async function makeOld(id: string): Promise<void> {
  await sql`UPDATE moves SET trouble = jsonb_set(trouble, '{since}', to_jsonb((trouble->>'since')::bigint - ${PATIENCE_MS}::bigint))
    WHERE id = ${id}::bigint`.execute(town.mover.deps.directory)
}

/** She lives in one place, writes there, and no seat is held for her anywhere else. */
async function livesAt(ordinal: number): Promise<void> {
  const rows = await Promise.all(
    [1, 2].map((n) => town.at(n).db.selectFrom('members').select('state').execute()),
  )
  expect([rows[ordinal - 1], rows[2 - ordinal]]).toEqual([[{ state: 'active' }], []])
  const seats = await town.community.directory
    .selectFrom('instances')
    .select('taken')
    .orderBy('ordinal')
    .execute()
  expect(seats.map(({ taken }) => taken)).toEqual(ordinal === 1 ? [1, 0] : [0, 1])
}

/** What the operator is told of the moves of a Rebalance. */
async function factsOf(rebalance: string) {
  const url = new URL(town.community.adminUrls.directory)
  const session = await openServer({
    host: url.hostname,
    port: Number(url.port),
    username: 'postgres',
    password: '',
    database: url.pathname.slice(1),
  }).connect()
  try {
    return await readMoves(session, rebalance)
  } finally {
    await session.end()
  }
}

async function begin(to: Step): Promise<string> {
  const { id } = must(await town.mover.begin(town.person('ana').id, 3 - home))
  if (to !== 'reserved') await town.mover.driveTo(id, to)
  return id
}

async function driveOften(id: string, times: number): Promise<Driven[]> {
  const ends: Driven[] = []
  for (let n = 0; n < times; n++) ends.push(await town.mover.drive(id))
  return ends
}

describe('before the switch', () => {
  test.each([
    ['reserved', 'target', 'members', 'stage'],
    ['reserved', 'source', 'moves', 'subscribe'],
    ['subscribed', 'target', 'carried.members', 'copy'],
    ['copied', 'source', 'moves', 'delta'],
    ['quiesced', 'source', 'members', 'freeze'],
  ] as const)(
    '%s: a %s that answers 500 is waited for, and then the move is undone',
    async (step, side, table, verb) => {
      const id = await begin(step)
      const ordinal = side === 'source' ? home : 3 - home
      await breakHome(ordinal, table)
      const later = { is: 'later', code: 'unavailable' }
      expect(await driveOften(id, PATIENCE_TRIES)).toEqual(Array(PATIENCE_TRIES).fill(later))
      expect(await troubleOf(id)).toMatchObject({ step, ordinal, verb, answer: '500', tries: PATIENCE_TRIES })
      await makeOld(id)
      const [last] = await driveOften(id, 1)
      // What cannot be undone there either is undone once the home is in order again.
      if (last?.is === 'later') expect(await stepOf(id)).toBe('undoing')
      else expect(last).toEqual({ is: 'undone', code: 'unavailable' })
      await mend(ordinal)
      if (last?.is === 'later')
        expect(await town.mover.drive(id)).toEqual({ is: 'undone', code: 'unavailable' })
      await livesAt(home)
    },
  )

  test('one that gives no answer is told from one that fails; what tends each home ends its side without a driver', async () => {
    const id = await begin('copied')
    await town.mover.deps.directory
      .updateTable('moves')
      .set({ rebalance: 'uid' })
      .where('id', '=', id)
      .execute()
    town.network.down.add(3 - home)
    await driveOften(id, PATIENCE_TRIES)
    expect(await troubleOf(id)).toMatchObject({ ordinal: 3 - home, verb: 'catch-up', answer: null })
    await makeOld(id)
    const [told] = (await factsOf('uid')).open
    expect(told?.trouble).toMatchObject({ step: 'copied', ordinal: 3 - home, answer: null })
    // The source is let go at once; of the target nobody hears.
    expect(await driveOften(id, 1)).toEqual([{ is: 'later', code: 'unavailable' }])
    expect(await stepOf(id)).toBe('undoing')
    await tendMoves(town.at(3 - home))
    const staged = await town
      .at(3 - home)
      .db.selectFrom('members')
      .select('id')
      .execute()
    expect(staged).toEqual([])
    town.network.down.clear()
    expect(await town.mover.drive(id)).toEqual({ is: 'undone', code: 'unavailable' })
    await livesAt(home)
    const { members, open, undone, failure } = await factsOf('uid')
    expect({ members, open, undone }).toMatchObject({
      members: [{ undone: 1, unanswered: 1 }],
      open: [],
      undone: 1,
    })
    expect(failure).toMatchObject({ ordinal: 3 - home, answer: null })
    expect((await factsOf('another')).failure).toBeNull()
  })

  test('neither many tries nor a long time alone end the wait, and another step begins it anew', async () => {
    const id = await begin('subscribed')
    await breakHome(3 - home, 'carried.members')
    await driveOften(id, 2)
    await makeOld(id)
    expect(await driveOften(id, 1)).toEqual([{ is: 'later', code: 'unavailable' }])
    await mend(3 - home)
    await town.mover.driveTo(id, 'copied')
    town.network.down.add(home)
    await driveOften(id, PATIENCE_TRIES + 1)
    expect(await troubleOf(id)).toMatchObject({ step: 'copied', ordinal: home, tries: PATIENCE_TRIES + 1 })
    expect(await stepOf(id)).toBe('copied')
    town.network.down.clear()
    expect(await town.mover.drive(id)).toEqual({ is: 'done' })
    home = 3 - home
    await livesAt(home)
  })

  test('a target whose source fails is not the one that is named', async () => {
    const id = await begin('subscribed')
    town.network.around = async ({ path }, send) =>
      path.endsWith('/page') ? { status: 500, body: { message: 'a bug' } } : send()
    await driveOften(id, 1)
    expect(await troubleOf(id)).toMatchObject({ ordinal: home, verb: 'page', answer: '500' })
    delete town.network.around
    expect(await town.mover.drive(id)).toEqual({ is: 'done' })
    home = 3 - home
  })
})

test('after the switch it is waited for as long as it takes: she can only arrive', async () => {
  const id = await begin('switched')
  await breakHome(3 - home, 'members')
  await driveOften(id, PATIENCE_TRIES)
  await makeOld(id)
  expect(await driveOften(id, 2)).toEqual(Array(2).fill({ is: 'later', code: 'unavailable' }))
  expect(await troubleOf(id)).toMatchObject({
    step: 'switched',
    ordinal: 3 - home,
    verb: 'activate',
    answer: '500',
  })
  await mend(3 - home)
  expect(await town.mover.drive(id)).toEqual({ is: 'done' })
  home = 3 - home
  await livesAt(home)
})
