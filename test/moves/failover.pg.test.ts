// The directory loses its last moments, as when a replica that lagged takes over, and nobody has noticed yet: what was
// decided in them is decided anew, perhaps otherwise. Nobody writes at two homes, and nothing that was acknowledged is lost.
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { changeDirectory } from '../../instance/directory/change.ts'
import { beginMove } from '../../instance/directory/moves/begin.ts'
import type { Move, Step } from '../../instance/directory/moves/move.ts'
import { openMoves } from '../../instance/directory/moves/read.ts'
import { repairHome, tendMoves } from '../../instance/move/tend.ts'
import { writePost } from '../../instance/posts/write.ts'
import { openServer, type Server } from '../../operator/postgres/server/session.ts'
import { abandon, drive } from '../../operator/rebalance/drive/drive.ts'
import { rebuildDirectory } from '../../operator/rebuild/perform.ts'
import { must } from '../postgres/lives.ts'
import type { Person } from './model.ts'
import { acceptors, copyDatabase, nameOf } from './world/copies.ts'
import { begin } from './world/fixture.ts'
import { openWorld, type World } from './world/world.ts'

let world: World
let root: pg.Client
let server: Server
beforeAll(async () => {
  const user = { host: '127.0.0.1', port: inject('postgresPort'), database: 'postgres' }
  server = openServer({ ...user, username: 'postgres', password: '' })
  world = await openWorld(inject('postgresPort'), 2)
  root = new pg.Client({ ...user, user: 'postgres' })
  await root.connect()
})
afterAll(async () => {
  await root.end()
  await world.close()
})

const directory = () => nameOf(world, 'directory')
const kept = () => `${directory()}_kept`
const keep = () => copyDatabase(root, directory(), kept())
const failOver = () => copyDatabase(root, kept(), directory())

async function start(): Promise<{ ana: Person; id: string }> {
  const model = await begin(world, { homes: { ana: 1, ben: 1, cem: 2 }, follows: [] })
  const ana = model.people[0]
  if (!ana) throw new Error('nobody')
  const { id } = must(
    await changeDirectory(world.drive.directory, (tx) => beginMove(tx, { memberId: ana.id, target: 2 })),
  )
  return { ana, id }
}

/** Drives as one who dies at `last`; `at` tells every step. */
async function driveTo(id: string, last: Step, at: (step: Step) => Promise<void> = async () => undefined) {
  const died = new Error('the driver has died')
  const reached = async ({ step }: Move) => {
    await at(step)
    if (step === last) throw died
  }
  await drive({ ...world.drive, reached }, id).catch((error: unknown) => {
    if (error !== died) throw error
  })
}

/** For a directory that went on after it was put back: nobody can tell by its revision. */
const countOn = () => world.directory.query('UPDATE meta SET revision = revision + 1000')

/** What goes on by itself until all has settled; a home that finds the directory older than itself has the operator called. */
async function settle(): Promise<void> {
  for (let round = 0; round < 8; round++) {
    for (const { instance } of world.pods) {
      await instance.homes.refresh()
      await tendMoves(instance, { frozenMs: 0 })
      await repairHome(instance)
    }
    if (world.pods.some(({ instance }) => instance.homes.regressed)) {
      const homes = [1, 2].map((ordinal) => ({ ordinal, name: nameOf(world, ordinal) }))
      await rebuildDirectory(server, {
        name: directory(),
        homes,
        retired: [],
        addresses: [],
        community: { namespace: 'town', name: 'garden' },
        givenUp: undefined,
      })
      // As every home does that finds another incarnation.
      for (const { home } of world.pods) await home.reboot()
      continue
    }
    for (const { id } of await openMoves(world.drive.directory)) await drive(world.drive, id)
  }
}

/** She lives where the directory says, there alone, and has this post. */
async function atHome(ana: Person, post: string): Promise<void> {
  const { rows } = await world.directory.query<{ home: number }>('SELECT home FROM members WHERE id = $1', [
    ana.id,
  ])
  const [{ home } = { home: 0 }] = rows
  expect(await acceptors(world, ana)).toEqual([home])
  const found = await world.pod(home).admin.query('SELECT 1 FROM posts WHERE id = $1', [post])
  expect(found.rowCount).toBe(1)
}

describe.each(['reserved', 'frozen', 'verified'] as const)(
  'of a move that was switched it knows only: %s',
  (known) => {
    test.each(['switched', 'activated', 'done'] as const)('and she was %s', async (last) => {
      const { ana, id } = await start()
      await driveTo(id, last, async (step) => {
        if (step === known) await keep()
      })
      await failOver()
      // Whoever was frozen for so long is thawed, unless she may be elsewhere.
      await tendMoves(world.pod(1).instance, { frozenMs: 0 })
      const first = await acceptors(world, ana)
      expect(first.length).toBeLessThan(2)
      const [home] = first
      const post = home
        ? must(
            await writePost(
              world.pod(home).instance,
              { ...ana, epoch: home },
              { text: 'Kept', visibility: 'public' },
            ),
          )
        : undefined
      await drive(world.drive, id)
      expect((await acceptors(world, ana)).length).toBeLessThan(2)
      await settle()
      const later = must(
        post ??
          (await writePost(
            world.pod(2).instance,
            { ...ana, epoch: 2 },
            { text: 'Later', visibility: 'public' },
          )),
      )
      await atHome(ana, later.id)
    })
  },
)

describe.each(['frozen', 'verified'] as const)('of a move that was given up it knows only: %s', (known) => {
  test.each(['tended', 'driven'] as const)('and both homes were %s', async (by) => {
    const { ana, id } = await start()
    await driveTo(id, 'verified', async (step) => {
      if (step === known) await keep()
    })
    await abandon(world.drive, id, 'wanted')
    if (by === 'driven') await drive(world.drive, id)
    else await tendMoves(world.pod(1).instance, { frozenMs: 0 })
    const post = must(
      await writePost(world.pod(1).instance, { ...ana, epoch: 1 }, { text: 'Thawed', visibility: 'public' }),
    )
    await failOver()
    await drive(world.drive, id)
    expect((await acceptors(world, ana)).length).toBeLessThan(2)
    await settle()
    await atHome(ana, post.id)
  })
})

describe.each(['quiesced', 'frozen', 'verified', 'switched', 'activated', 'done'] as const)(
  'it knows nothing of a move, and has counted on, and she was %s',
  (last) => {
    test('then she is at home all the same', async () => {
      const model = await begin(world, { homes: { ana: 1, ben: 1, cem: 2 }, follows: [] })
      const ana = model.people[0]
      if (!ana) throw new Error('nobody')
      await keep()
      const { id } = must(
        await changeDirectory(world.drive.directory, (tx) => beginMove(tx, { memberId: ana.id, target: 2 })),
      )
      await driveTo(id, last)
      await failOver()
      await countOn()
      expect((await acceptors(world, ana)).length).toBeLessThan(2)
      await settle()
      const [home = 0, ...more] = await acceptors(world, ana)
      expect([home > 0, more]).toEqual([true, []])
    })
  },
)
