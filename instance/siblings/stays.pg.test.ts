// What homes that begin tell each other. That the later stay counts, whichever database was put back, is tested with
// the restores.
import { expect, test, vi } from 'vitest'
import { must } from '../../test/postgres/lives.ts'
import { neighbourhood } from '../../test/postgres/neighbourhood.ts'
import { yieldToSiblings } from './stays.ts'

const homes = neighbourhood({ homes: 3, people: ['ana', 'ben'] })
const { at, person } = homes

/** A home begins again; what the others then call wrong. */
async function begins(ordinal: number): Promise<unknown[]> {
  const spies = [1, 2, 3].map((other) => vi.spyOn(at(other).log, 'error'))
  const { db, homes: known, siblings, log } = at(ordinal)
  expect(await yieldToSiblings({ db, homes: known, siblings, log, ordinal })).toBe(true)
  return spies.flatMap((spy) => spy.mock.calls)
}

test('whoever has gone from home to home proves no restore to those that they have left', async () => {
  for (const to of [2, 3]) expect(await homes.mover.move(person('ana').id, to)).toEqual({ is: 'done' })
  for (const ordinal of [1, 2, 3]) expect([ordinal, await begins(ordinal)]).toEqual([ordinal, []])
})

test('nor does somebody of whom the home that they leave has not let go yet', async () => {
  const begun = must(await homes.mover.begin(person('ben').id, 2))
  await homes.mover.driveTo(begun.id, 'activated')
  for (const ordinal of [1, 2, 3]) expect([ordinal, await begins(ordinal)]).toEqual([ordinal, []])
  expect(await homes.mover.drive(begun.id)).toEqual({ is: 'done' })
})
