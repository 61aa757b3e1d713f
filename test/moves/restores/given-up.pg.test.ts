// Somebody was switched to a home that then lost them, with the move still open: they come back by themselves for as
// long as anybody has a copy, and only then can they be given up.
import { describe, expect, test } from 'vitest'
import type { Step } from '../../../instance/directory/moves/move.ts'
import { openMoves, readMove } from '../../../instance/directory/moves/read.ts'
import { codeOf } from '../../../instance/store/boots/missing.ts'
import { drive } from '../../../operator/rebalance/drive/drive.ts'
import { giveUpMissing } from '../../../operator/rebuild/lost/give-up.ts'
import type { Person } from '../model.ts'
import { begin } from '../world/fixture.ts'
import { lookAgain, missing, seen } from './moved.ts'
import { restorable } from './restorable.ts'

const town = restorable(2)

/** Ana's move from 1 to 2 stands at `at`; home 2 is then put back to when it stood at `back`, and home 1 as well. */
async function lost(
  at: Step,
  back: Step | 'before',
  sourceToo: 'source too' | undefined = undefined,
): Promise<{ ana: Person; move: string }> {
  const model = await begin(town.world, { homes: { ana: 1, ben: 1, cem: 2 }, follows: [['ana', 'cem']] })
  const ana = model.people[0]
  if (!ana) throw new Error('nobody')
  if (back === 'before') await town.keep(2)
  const { id } = await town.begin(ana.id, 2)
  await town.driveTo(id, at, async (step) => {
    if (step === back) await town.keep(2)
  })
  for (const { instance } of town.world.pods) await instance.homes.refresh()
  await town.putBack(2)
  if (sourceToo) await forgetAtSource(ana)
  return { ana, move: id }
}

/** As in a copy from before she signed up. */
const forgetAtSource = ({ id }: Person) =>
  town.world
    .pod(1)
    .admin.query(
      `DELETE FROM moves; DELETE FROM carried.members; DELETE FROM members WHERE id = ${id}; DELETE FROM accounts WHERE id = ${id}`,
    )

const giveUp = ({ id }: Person) =>
  giveUpMissing(town.server, {
    directory: town.nameOf('directory'),
    home: { ordinal: 2, name: town.nameOf(2) },
    homes: town.order().homes,
    code: codeOf([id]),
  })

const membersOf = async ({ id }: Person) =>
  (await town.world.directory.query('SELECT home, state FROM members WHERE id = $1', [id])).rows

const missingThere = async () => (await missing(town))[1]

describe.each(['switched', 'activated'] as const)('a move that is %s', (at) => {
  const backs =
    at === 'switched' ? (['before', 'copied'] as const) : (['before', 'copied', 'verified'] as const)

  test.each(backs)(
    'target restored to %s: she is brought back, and given up by nobody before that',
    async (back) => {
      const { ana, move } = await lost(at, back)
      await lookAgain(town, false)
      const known = await membersOf(ana)
      if (back !== 'verified') await expect(giveUp(ana)).rejects.toThrow('from what instance 1 kept')
      expect(await membersOf(ana)).toEqual(known)
      await lookAgain(town)
      expect([await town.acceptors(ana), await missingThere()]).toEqual([[2], 0])
      expect(await drive(town.world.drive, move)).toEqual({ is: 'done' })
      await lookAgain(town)
      expect(await town.acceptors(ana)).toEqual([2])
      await seen(town, 200)
    },
  )

  test.each(['before', 'copied'] as const)(
    'target restored to %s, and nobody has her: she can be given up, and nothing of the move is left',
    async (back) => {
      const { ana, move } = await lost(at, back, 'source too')
      await lookAgain(town)
      expect([await town.acceptors(ana), await missingThere()]).toEqual([[], 1])
      await seen(town, 503)
      await giveUp(ana)
      expect(await membersOf(ana)).toEqual([{ home: 2, state: 'deleted' }])
      expect((await readMove(town.world.drive.directory, move))?.step).toBe('done')
      expect(await openMoves(town.world.drive.directory)).toEqual([])
      expect((await town.world.directory.query('SELECT taken FROM instances ORDER BY ordinal')).rows).toEqual(
        [{ taken: 1 }, { taken: 1 }],
      )
      await lookAgain(town)
      expect(await missingThere()).toBe(0)
      // Also what was staged of her has no seat any more.
      for (const { admin } of town.world.pods)
        expect((await admin.query('SELECT FROM members WHERE id = $1', [ana.id])).rows).toEqual([])
      await seen(town, 410)
    },
  )
})

test('a copy that waits at the target itself is no loss', async () => {
  const { ana } = await lost('switched', 'verified')
  await forgetAtSource(ana)
  await expect(giveUp(ana)).rejects.toThrow('from what instance 2 kept')
  await lookAgain(town)
  expect(await town.acceptors(ana)).toEqual([2])
})

test('a home that gives no answer may have a copy', async () => {
  const { ana } = await lost('switched', 'before', 'source too')
  const source = town.nameOf(1)
  await lookAgain(town)
  await town.root.query(`ALTER DATABASE ${source} ALLOW_CONNECTIONS false`)
  await expect(giveUp(ana)).rejects.toThrow('not currently accepting connections')
  expect(await membersOf(ana)).toEqual([{ home: 2, state: 'active' }])
  await town.root.query(`ALTER DATABASE ${source} ALLOW_CONNECTIONS true`)
  await giveUp(ana)
  expect(await membersOf(ana)).toEqual([{ home: 2, state: 'deleted' }])
})

test('nobody who is on the way to another home is given up before that has come to an end', async () => {
  const { ana, move } = await lost('copied', 'before')
  const target = { ordinal: 1, name: town.nameOf(1) }
  const directory = town.nameOf('directory')
  await forgetAtSource(ana)
  const code = codeOf([ana.id])
  const given = { directory, home: target, homes: [target], code }
  await expect(giveUpMissing(town.server, given)).rejects.toThrow('one is being moved')
  await lookAgain(town)
  expect(await drive(town.world.drive, move)).toMatchObject({ is: 'undone' })
  await giveUpMissing(town.server, given)
  expect(await membersOf(ana)).toEqual([{ home: 1, state: 'deleted' }])
})
