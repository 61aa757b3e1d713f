// An instance's database is put back to an older copy, before, in the middle of or after a move, whether or not processes
// are running: nobody ever has two homes, nobody is lost, and nobody is said not to exist.
import { describe, expect, test } from 'vitest'
import { openMoves } from '../../../instance/directory/moves/read.ts'
import { codeOf } from '../../../instance/store/boots/missing.ts'
import { drive } from '../../../operator/rebalance/drive/drive.ts'
import { giveUpMissing } from '../../../operator/rebuild/lost/give-up.ts'
import type { Person } from '../model.ts'
import { lookAgain, missing, moveAndRestore, rowsOf, STEPS, seen } from './moved.ts'
import { restorable } from './restorable.ts'

const town = restorable(2)

/** Where there are rows from which she can be brought back: at a home, staged, or kept after she left. */
async function copies(ana: Person): Promise<number> {
  const counts = await Promise.all(
    town.world.pods.map(async ({ admin }) => {
      const { rows } = await admin.query<{ count: number }>(
        `SELECT ((SELECT count(*) FROM members WHERE id = $1 AND state <> 'staged') + (SELECT count(*) FROM carried.members WHERE id = $1))::integer AS count`,
        [ana.id],
      )
      return rows[0]?.count ?? 0
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Nothing that a restore left behind is in the way of a move to the first home. */
async function comesBack(ana: Person): Promise<void> {
  const move = await town.begin(ana.id, 1)
  expect(await drive(town.world.drive, move.id)).toEqual({ is: 'done' })
  expect(await town.acceptors(ana)).toEqual([1])
  await seen(town, 200)
}

describe.each([
  [true, STEPS],
  [false, ['before', 'verified'] as const],
] as const)('with processes running: %s', (running, steps) => {
  test.each(steps)('the first home, restored to when the move was at: %s', async (at) => {
    const ana = await moveAndRestore(town, 1, at, running)
    // Under a running process nothing is written before it has looked who still lives there.
    if (running) expect(await town.acceptors(ana)).toEqual([2])
    await lookAgain(town)
    expect(await town.acceptors(ana)).toEqual([2])
    await seen(town, 200)
    // Nobody has a seat at two homes, and what a restore brought back of her is kept as it would be after the move.
    expect(await rowsOf(town, ana)).toEqual([0, 1])
    expect(await copies(ana)).toBe(2)
    await comesBack(ana)
  })

  test.each(steps)('the second home, restored to when the move was at: %s', async (at) => {
    const ana = await moveAndRestore(town, 2, at, running)
    if (running) expect(await town.acceptors(ana)).toEqual([])
    // What was staged and sealed comes to life again; what was not comes from what the first home has kept.
    await lookAgain(town)
    expect(await town.acceptors(ana)).toEqual([2])
    await seen(town, 200)
    expect(await rowsOf(town, ana)).toEqual([0, 1])
    expect(await missing(town)).toEqual([0, 0])
    await comesBack(ana)
  })
})

describe('somebody who went and came back', () => {
  test.each(STEPS)('the home between, restored to when she was on the way there: %s', async (at) => {
    const ana = await moveAndRestore(town, 2, at, true, 'and back')
    await lookAgain(town)
    expect(await town.acceptors(ana)).toEqual([1])
    expect(await rowsOf(town, ana)).toEqual([1, 0])
    await seen(town, 200)
  })

  test.each(STEPS)(
    'the home between, which she is about to leave, restored to when it was: %s',
    async (at) => {
      const ana = await moveAndRestore(town, 2, at, true, 'and almost back')
      await lookAgain(town)
      for (const { id } of await openMoves(town.world.drive.directory))
        expect(await drive(town.world.drive, id)).toEqual({ is: 'done' })
      expect(await town.acceptors(ana)).toEqual([1])
      expect(await rowsOf(town, ana)).toEqual([1, 0])
      await seen(town, 200)
    },
  )

  test.each(STEPS)('her home, restored to when she lived there the first time: %s', async (at) => {
    const ana = await moveAndRestore(town, 1, at, true, 'and back')
    // As she was the first time she speaks for nobody.
    expect(await town.acceptors(ana)).toEqual([])
    await lookAgain(town)
    expect(await town.acceptors(ana)).toEqual([1])
    expect(await rowsOf(town, ana)).toEqual([1, 0])
    expect(await missing(town)).toEqual([0, 0])
    // What she wrote in between was kept where she wrote it.
    const { rows } = await town.world
      .pod(1)
      .admin.query<{ text: string }>(
        `SELECT content_text AS text FROM posts WHERE account_id = $1 AND content_text LIKE 'Between%'`,
        [ana.id],
      )
    expect(rows).toEqual([{ text: 'Between' }])
    await seen(town, 200)
  })
})

test('whoever was never elsewhere is missed, and is said to be, until they are there again', async () => {
  const ana = await moveAndRestore(town, 2, 'before', true)
  await town.world.pod(1).admin.query('DELETE FROM carried.members; DELETE FROM moves')
  await lookAgain(town)
  expect([await missing(town), await town.acceptors(ana)]).toEqual([[0, 1], []])
  await seen(town, 503)
  // Given up by who knows just whom: then her pages are gone, and nobody waits for her.
  const giveUp = (code: string) =>
    giveUpMissing(town.server, {
      directory: town.nameOf('directory'),
      home: { ordinal: 2, name: town.nameOf(2) },
      homes: town.order().homes,
      code,
    })
  await giveUp(codeOf(['1']))
  await lookAgain(town)
  expect(await missing(town)).toEqual([0, 1])
  await giveUp(codeOf([ana.id]))
  expect(await missing(town)).toEqual([0, 0])
  await lookAgain(town)
  expect([await missing(town), await town.acceptors(ana)]).toEqual([[0, 0], []])
  await seen(town, 410)
  const { rows } = await town.world.directory.query('SELECT taken FROM instances ORDER BY ordinal')
  expect(rows).toEqual([{ taken: 1 }, { taken: 1 }])
})
