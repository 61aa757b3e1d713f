// Somebody was switched to a home that then lost them, with the move still open: they come back by themselves for as
// long as anybody has a copy, and only then can they be given up.
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { changeDirectory } from '../../instance/directory/change.ts'
import { beginMove } from '../../instance/directory/moves/begin.ts'
import type { Move, Step } from '../../instance/directory/moves/move.ts'
import { openMoves, readMove } from '../../instance/directory/moves/read.ts'
import { repairHome, tendMoves } from '../../instance/move/tend.ts'
import { codeOf } from '../../instance/store/boots/missing.ts'
import { openServer, type Server } from '../../operator/postgres/server/session.ts'
import { drive } from '../../operator/rebalance/drive/drive.ts'
import { giveUpMissing } from '../../operator/rebuild/lost/give-up.ts'
import { must } from '../postgres/lives.ts'
import type { Person } from './model.ts'
import { fetchPage } from './run/look.ts'
import { acceptors, copyDatabase, nameOf } from './world/copies.ts'
import { begin } from './world/fixture.ts'
import { openWorld, type World } from './world/world.ts'

let world: World
let root: pg.Client
let server: Server
beforeAll(async () => {
  const port = inject('postgresPort')
  const login = { host: '127.0.0.1', port, database: 'postgres' }
  server = openServer({ ...login, username: 'postgres', password: '' })
  world = await openWorld(port, 2)
  root = new pg.Client({ ...login, user: 'postgres' })
  await root.connect()
})
afterAll(async () => {
  await root.end()
  await world.close()
})

/** Ana's move from 1 to 2 stands at `at`; home 2 is then put back to when it stood at `back`, and home 1 as well. */
async function lost(
  at: Step,
  back: Step | 'before',
  sourceToo: 'source too' | undefined = undefined,
): Promise<{ ana: Person; move: string }> {
  const model = await begin(world, { homes: { ana: 1, ben: 1, cem: 2 }, follows: [['ana', 'cem']] })
  const ana = model.people[0]
  if (!ana) throw new Error('nobody')
  const home = nameOf(world, 2)
  const died = new Error('the driver has died')
  if (back === 'before') await copyDatabase(root, home, `${home}_dump`)
  const { id } = must(
    await changeDirectory(world.drive.directory, (tx) => beginMove(tx, { memberId: ana.id, target: 2 })),
  )
  const reached = async ({ step }: Move) => {
    if (step === back) await copyDatabase(root, home, `${home}_dump`)
    if (step === at) throw died
  }
  await drive({ ...world.drive, reached }, id).catch((error: unknown) => {
    if (error !== died) throw error
  })
  for (const { instance } of world.pods) await instance.homes.refresh()
  await copyDatabase(root, `${home}_dump`, home)
  if (sourceToo) await forgetAtSource(ana)
  return { ana, move: id }
}

/** As in a copy from before she signed up. */
const forgetAtSource = ({ id }: Person) =>
  world
    .pod(1)
    .admin.query(
      `DELETE FROM moves; DELETE FROM carried.members; DELETE FROM members WHERE id = ${id}; DELETE FROM accounts WHERE id = ${id}`,
    )

const giveUp = ({ id }: Person) =>
  giveUpMissing(server, {
    directory: nameOf(world, 'directory'),
    home: { ordinal: 2, name: nameOf(world, 2) },
    homes: [1, 2].map((ordinal) => ({ ordinal, name: nameOf(world, ordinal) })),
    code: codeOf([id]),
  })

/** `repairs`: whether homes bring back whom they lack, too. */
async function lookAgain(repairs = true): Promise<void> {
  for (const { home, instance } of world.pods) {
    await home.reboot()
    await instance.homes.refresh()
    await tendMoves(instance, { frozenMs: 0 })
    if (repairs) await repairHome(instance)
  }
}

const membersOf = async ({ id }: Person) =>
  (await world.directory.query('SELECT home, state FROM members WHERE id = $1', [id])).rows

const missing = async () =>
  (await world.pod(2).admin.query<{ missing: number }>('SELECT missing FROM home')).rows[0]?.missing

async function seen(status: number): Promise<void> {
  for (const { ordinal } of world.pods)
    expect([ordinal, (await fetchPage(world, ordinal, '/users/ana')).status]).toEqual([ordinal, status])
}

describe.each(['switched', 'activated'] as const)('a move that is %s', (at) => {
  const backs =
    at === 'switched' ? (['before', 'copied'] as const) : (['before', 'copied', 'verified'] as const)

  test.each(backs)(
    'target restored to %s: she is brought back, and given up by nobody before that',
    async (back) => {
      const { ana, move } = await lost(at, back)
      await lookAgain(false)
      const known = await membersOf(ana)
      if (back !== 'verified') await expect(giveUp(ana)).rejects.toThrow('from what instance 1 kept')
      expect(await membersOf(ana)).toEqual(known)
      await lookAgain()
      expect([await acceptors(world, ana), await missing()]).toEqual([[2], 0])
      expect(await drive(world.drive, move)).toEqual({ is: 'done' })
      await lookAgain()
      expect(await acceptors(world, ana)).toEqual([2])
      await seen(200)
    },
  )

  test.each(['before', 'copied'] as const)(
    'target restored to %s, and nobody has her: she can be given up, and nothing of the move is left',
    async (back) => {
      const { ana, move } = await lost(at, back, 'source too')
      await lookAgain()
      expect([await acceptors(world, ana), await missing()]).toEqual([[], 1])
      await seen(503)
      await giveUp(ana)
      expect(await membersOf(ana)).toEqual([{ home: 2, state: 'deleted' }])
      expect((await readMove(world.drive.directory, move))?.step).toBe('done')
      expect(await openMoves(world.drive.directory)).toEqual([])
      expect((await world.directory.query('SELECT taken FROM instances ORDER BY ordinal')).rows).toEqual([
        { taken: 1 },
        { taken: 1 },
      ])
      await lookAgain()
      expect(await missing()).toBe(0)
      // Also what was staged of her has no seat any more.
      for (const { admin } of world.pods)
        expect((await admin.query('SELECT FROM members WHERE id = $1', [ana.id])).rows).toEqual([])
      await seen(410)
    },
  )
})

test('a copy that waits at the target itself is no loss', async () => {
  const { ana } = await lost('switched', 'verified')
  await forgetAtSource(ana)
  await expect(giveUp(ana)).rejects.toThrow('from what instance 2 kept')
  await lookAgain()
  expect(await acceptors(world, ana)).toEqual([2])
})

test('a home that gives no answer may have a copy', async () => {
  const { ana } = await lost('switched', 'before', 'source too')
  const source = nameOf(world, 1)
  await lookAgain()
  await root.query(`ALTER DATABASE ${source} ALLOW_CONNECTIONS false`)
  await expect(giveUp(ana)).rejects.toThrow('not currently accepting connections')
  expect(await membersOf(ana)).toEqual([{ home: 2, state: 'active' }])
  await root.query(`ALTER DATABASE ${source} ALLOW_CONNECTIONS true`)
  await giveUp(ana)
  expect(await membersOf(ana)).toEqual([{ home: 2, state: 'deleted' }])
})

test('nobody who is on the way to another home is given up before that has come to an end', async () => {
  const { ana, move } = await lost('copied', 'before')
  const target = { ordinal: 1, name: nameOf(world, 1) }
  const directory = nameOf(world, 'directory')
  await forgetAtSource(ana)
  const code = codeOf([ana.id])
  const given = { directory, home: target, homes: [target], code }
  await expect(giveUpMissing(server, given)).rejects.toThrow('one is being moved')
  await lookAgain()
  expect(await drive(world.drive, move)).toMatchObject({ is: 'undone' })
  await giveUpMissing(server, given)
  expect(await membersOf(ana)).toEqual([{ home: 1, state: 'deleted' }])
})
