// Homes that are not of one version, as they are while a community is upgraded one home at a time: real tables, and the
// handlers of both sides.
import { afterAll, afterEach, expect, test } from 'vitest'
import { runAt } from '../../test/postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../../test/postgres/instances.ts'
import { dump, live, must } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import type { TestMember } from '../../test/postgres/people.ts'
import { writePost } from '../posts/write.ts'
import { type InstanceTables, openDatabase } from '../store/database.ts'

const homes = neighbourhood({ homes: 2, people: ['ana', 'ben', 'cem', 'dee', 'eva', 'fay', 'gil', 'hal'] })
const { at, person } = homes

/** What a later version may bring: a column of a table that travels, and the same in the table's twin. */
const alter = (ordinal: number, how: string) =>
  runAt(
    homes.community.adminUrls.homes.get(ordinal) ?? '',
    ['public.posts', 'carried.posts'].map((table) => `ALTER TABLE ${table} ${how}`).join(';'),
  )
const migrate = (ordinal: number) => alter(ordinal, 'ADD COLUMN poll jsonb')

const started: { instance: TestInstance; db: { destroy(): Promise<void> } }[] = []
/** Another process, which finds the tables as they are now. */
async function restart(ordinal: number) {
  const { community, network } = homes
  const db = openDatabase<InstanceTables>(community.homes.get(ordinal)?.url ?? '', { name: 'upgraded' })
  const home = { ...homeOf(community, ordinal), db }
  started.push({ db, instance: await makeInstance(home, ordinal, network) })
}
/** As it was before all this. */
afterEach(async () => {
  for (const ordinal of [1, 2]) {
    await alter(ordinal, 'DROP COLUMN IF EXISTS poll')
    await restart(ordinal)
  }
})
afterAll(async () => {
  for (const { instance, db } of started) {
    await instance.close()
    await db.destroy()
  }
})

/** Everything at both homes, and the seats. A new column with nothing in it is no change. */
async function state() {
  const seats = await homes.community.directory
    .selectFrom('instances')
    .select(['ordinal', 'taken'])
    .orderBy('ordinal')
    .execute()
  const dumps = await Promise.all([1, 2].map((n) => dump(at(n))))
  return [seats, JSON.stringify(dumps).replaceAll(String.raw`\"poll\": null, `, '')]
}
const writes = async (ordinal: number, who: TestMember) =>
  must(await writePost(at(ordinal), who, { text: 'Still here', visibility: 'public' }))

test('a home that is ahead takes nobody and gives nobody away; once the other is as far, members move again', async () => {
  const [ana, ben] = [person('ana'), person('ben')]
  for (const who of [ana, ben]) await live(at(1), who, who.handle)
  expect(await homes.mover.move(ben.id, 2)).toEqual({ is: 'done' })
  await migrate(2)
  await restart(2)
  const before = await state()
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'undone', code: 'versions-differ' })
  expect(await homes.mover.move(ben.id, 1)).toEqual({ is: 'undone', code: 'versions-differ' })
  expect(await state()).toEqual(before)
  await writes(1, ana)
  await writes(2, { ...ben, epoch: 2 })
  await migrate(1)
  await restart(1)
  expect(await homes.mover.move(ana.id, 2)).toEqual({ is: 'done' })
  expect(await homes.mover.move(ben.id, 1)).toEqual({ is: 'done' })
})

const people = ['cem', 'dee', 'eva', 'fay', 'gil', 'hal']
test.each(
  (['copied', 'quiesced', 'frozen'] as const).flatMap((step) =>
    (['source', 'target'] as const).map((side) => [side, step] as const),
  ),
)(
  'the %s is upgraded in the middle of a move, %s: it is undone, and nothing is half done',
  async (side, step) => {
    const who = person(people.shift() ?? '')
    await live(at(1), who, who.handle)
    const before = await state()
    const begun = must(await homes.mover.begin(who.id, 2))
    await homes.mover.driveTo(begun.id, step)
    const ordinal = side === 'source' ? 1 : 2
    await migrate(ordinal)
    await restart(ordinal)
    expect(await homes.mover.drive(begun.id)).toEqual({ is: 'undone', code: 'versions-differ' })
    expect(await state()).toEqual(before)
    await writes(1, who)
  },
)
