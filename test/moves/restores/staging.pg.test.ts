// The home that a member is to come to is put back to a moment of the very call that staged them there, when the move has
// gone on since: it ends all the same.
import { expect, test } from 'vitest'
import { drive } from '../../../operator/rebalance/drive/drive.ts'
import { begin } from '../world/fixture.ts'
import { type Fate, type Point, watched } from '../world/process.ts'
import { type Copy, copyOf, putBack } from '../world/restored.ts'
import { lookAgain, rowsOf } from './moved.ts'
import { restorable } from './restorable.ts'

const town = restorable(2)

/** How the move ends if home 2 is put back, once it stands at `subscribed`, to what it was at its statement `nth`. */
async function putBackTo(nth: number): Promise<string> {
  const model = await begin(town.world, { homes: { ana: 1, ben: 1, cem: 2 }, follows: [['ana', 'cem']] })
  const ana = model.people[0]
  if (!ana) throw new Error('nobody')
  const { id } = await town.begin(ana.id, 2)
  let statements = 0
  const copies: Copy[] = []
  const watch = async (point: Point): Promise<Fate> => {
    if (point.is === 'statement' && point.by.name === 'instance 2' && ++statements === nth)
      copies.push(await copyOf(town.world, 2))
    return 'go'
  }
  await watched.run(watch, () => town.driveTo(id, 'subscribed'))
  const [copy] = copies
  if (!copy) return 'no such statement'
  await putBack(town.world, 2, copy, { goesOn: false })
  await lookAgain(town)
  const { is } = await drive(town.world.drive, id)
  await lookAgain(town)
  const home = is === 'done' ? 2 : 1
  expect([nth, await town.acceptors(ana), await rowsOf(town, ana)]).toEqual([
    nth,
    [home],
    home === 1 ? [1, 0] : [0, 1],
  ])
  return is
}

test('put back to when her seat there was being reserved: the move goes on, or is given up', async () => {
  const ends: string[] = []
  for (let nth = 1; ends.at(-1) !== 'no such statement'; nth++) ends.push(await putBackTo(nth))
  expect(new Set(ends)).toEqual(new Set(['undone', 'done', 'no such statement']))
})
