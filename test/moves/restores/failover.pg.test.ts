// The directory loses its last moments, as when a replica that lagged takes over, and nobody has noticed yet: what was
// decided in them is decided anew, perhaps otherwise. Nobody writes at two homes, and nothing that was acknowledged is lost.
import { describe, expect, test } from 'vitest'
import { STEPS } from '../../../instance/directory/moves/move.ts'
import { openMoves } from '../../../instance/directory/moves/read.ts'
import { repairHome, tendMoves } from '../../../instance/move/tend.ts'
import { writePost } from '../../../instance/posts/write.ts'
import { verifyResidents } from '../../../instance/store/boots/residents.ts'
import { abandon, drive } from '../../../operator/rebalance/drive/drive.ts'
import { rebuildDirectory } from '../../../operator/rebuild/perform.ts'
import { must } from '../../postgres/lives.ts'
import type { Person } from '../model.ts'
import { begin } from '../world/fixture.ts'
import { restorable } from './restorable.ts'

const town = restorable(2)

const keep = () => town.keep('directory')
const failOver = () => town.putBack('directory')

async function start(): Promise<{ ana: Person; id: string }> {
  const model = await begin(town.world, { homes: { ana: 1, ben: 1, cem: 2 }, follows: [] })
  const ana = model.people[0]
  if (!ana) throw new Error('nobody')
  const { id } = await town.begin(ana.id, 2)
  return { ana, id }
}

/** For a directory that went on after it was put back: nobody can tell by its revision. */
const countOn = () => town.world.directory.query('UPDATE meta SET revision = revision + 1000')

/** What goes on by itself until all has settled; a home that finds the directory older than itself has the operator called. */
async function settle(): Promise<void> {
  for (let round = 0; round < 8; round++) {
    for (const { instance } of town.world.pods) {
      await instance.homes.refresh()
      await tendMoves(instance, { frozenMs: 0 })
      await repairHome(instance)
    }
    if (town.world.pods.some(({ instance }) => instance.homes.regressed)) {
      await rebuildDirectory(town.server, town.order())
      // As every home does that finds another incarnation.
      for (const { home } of town.world.pods) await home.reboot()
      continue
    }
    for (const { id } of await openMoves(town.world.drive.directory)) await drive(town.world.drive, id)
  }
}

/** She lives where the directory says, there alone, and has this post. */
async function atHome(ana: Person, post: string): Promise<void> {
  const { rows } = await town.world.directory.query<{ home: number }>(
    'SELECT home FROM members WHERE id = $1',
    [ana.id],
  )
  const [{ home } = { home: 0 }] = rows
  expect(await town.acceptors(ana)).toEqual([home])
  const found = await town.world.pod(home).admin.query('SELECT 1 FROM posts WHERE id = $1', [post])
  expect(found.rowCount).toBe(1)
}

describe.each(['reserved', 'frozen', 'verified'] as const)(
  'of a move that was switched it knows only: %s',
  (known) => {
    test.each(['switched', 'activated', 'done'] as const)('and she was %s', async (last) => {
      const { ana, id } = await start()
      await town.driveTo(id, last, async (step) => {
        if (step === known) await keep()
      })
      await failOver()
      // Whoever was frozen for so long is thawed, unless she may be elsewhere.
      await tendMoves(town.world.pod(1).instance, { frozenMs: 0 })
      const first = await town.acceptors(ana)
      expect(first.length).toBeLessThan(2)
      const [home] = first
      const post = home
        ? must(
            await writePost(
              town.world.pod(home).instance,
              { ...ana, epoch: home },
              { text: 'Kept', visibility: 'public' },
            ),
          )
        : undefined
      await drive(town.world.drive, id)
      expect((await town.acceptors(ana)).length).toBeLessThan(2)
      await settle()
      const later = must(
        post ??
          (await writePost(
            town.world.pod(2).instance,
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
    await town.driveTo(id, 'verified', async (step) => {
      if (step === known) await keep()
    })
    await abandon(town.world.drive, id, 'wanted')
    if (by === 'driven') await drive(town.world.drive, id)
    else await tendMoves(town.world.pod(1).instance, { frozenMs: 0 })
    const post = must(
      await writePost(
        town.world.pod(1).instance,
        { ...ana, epoch: 1 },
        { text: 'Thawed', visibility: 'public' },
      ),
    )
    await failOver()
    await drive(town.world.drive, id)
    expect((await town.acceptors(ana)).length).toBeLessThan(2)
    await settle()
    await atHome(ana, post.id)
  })
})

test('of a move that was given up it knows only: copied, and her home alone has heard the rest', async () => {
  const { ana, id } = await start()
  await town.driveTo(id, 'quiesced', async (step) => {
    if (step === 'copied') await keep()
  })
  await abandon(town.world.drive, id, 'wanted')
  await tendMoves(town.world.pod(1).instance)
  await failOver()
  await countOn()
  const post = must(
    await writePost(town.world.pod(1).instance, { ...ana, epoch: 1 }, { text: 'Kept', visibility: 'public' }),
  )
  await settle()
  expect(await openMoves(town.world.drive.directory)).toEqual([])
  expect(await halfMoved()).toEqual([])
  await atHome(ana, post.id)
})

/** Her old home holds her against the directory, and may have read it a while ago. */
async function verifyFirst(read?: () => Promise<void>): Promise<void> {
  const { db, directory, homes, log } = town.world.pod(1).instance
  await homes.refresh()
  const image = [...homes.all()]
  const byId = (id: string) => image.find((home) => home.id === id)
  await read?.()
  const stale = { all: () => image, byId, refresh: async () => undefined, regressed: false }
  await verifyResidents({ db, directory, homes: stale, log, ordinal: 1 })
}

describe('of a move that was switched, by which her old home had begun to let her go, it knows only: verified', () => {
  const begun = async () => {
    const { ana, id } = await start()
    await town.driveTo(id, 'switched', async (step) => {
      if (step === 'verified') await keep()
    })
    return { ana, id }
  }
  const lose = async () => {
    await failOver()
    await countOn()
  }
  const thaw = () => tendMoves(town.world.pod(1).instance, { frozenMs: 0 })
  const settled = async (ana: Person) => {
    await settle()
    expect((await town.acceptors(ana)).length).toBe(1)
    expect(await halfMoved()).toEqual([])
  }

  test('and that home reads it again', async () => {
    const { ana } = await begun()
    await verifyFirst()
    await lose()
    await settled(ana)
  })

  test('and that home is about to thaw her', async () => {
    const { ana } = await begun()
    await verifyFirst()
    await lose()
    await thaw()
    expect(await town.acceptors(ana)).toEqual([])
    await settled(ana)
  })

  test('and that home has thawed her', async () => {
    const { ana, id } = await begun()
    let post = ''
    await verifyFirst(async () => {
      await lose()
      await thaw()
      expect(await drive(town.world.drive, id)).toMatchObject({ is: 'undone' })
      const thawed = { text: 'Thawed', visibility: 'public' } as const
      post = must(await writePost(town.world.pod(1).instance, { ...ana, epoch: 1 }, thawed)).id
    })
    await settled(ana)
    await atHome(ana, post)
  })
})

/** What homes still hold of moves that have not ended. */
async function halfMoved(): Promise<unknown[]> {
  const found = await Promise.all(
    town.world.pods.map(async ({ ordinal, admin }) => {
      const { rows } = await admin.query<object>(
        `SELECT state, (SELECT state FROM members WHERE id = member_id) AS member FROM moves
         WHERE state NOT IN ('demoted', 'active', 'undone')
         UNION ALL SELECT NULL, state FROM members WHERE state IN ('staged', 'leaving')`,
      )
      return rows.map((row) => ({ ordinal, ...row }))
    }),
  )
  return found.flat()
}

describe.each(STEPS)('it knows nothing of a move, and has counted on, and she was %s', (last) => {
  test('then she is at home all the same', async () => {
    const model = await begin(town.world, { homes: { ana: 1, ben: 1, cem: 2 }, follows: [] })
    const ana = model.people[0]
    if (!ana) throw new Error('nobody')
    await keep()
    const { id } = await town.begin(ana.id, 2)
    await town.driveTo(id, last)
    await failOver()
    await countOn()
    expect((await town.acceptors(ana)).length).toBeLessThan(2)
    await settle()
    const [home = 0, ...more] = await town.acceptors(ana)
    expect([home > 0, more]).toEqual([true, []])
    expect(await halfMoved()).toEqual([])
  })
})

test.each(STEPS.slice(0, STEPS.indexOf('switched')))(
  'it does not know that a move was given up and cleaned away, and has counted on, and she was %s',
  async (known) => {
    const { ana, id } = await start()
    await town.driveTo(id, known)
    await keep()
    await abandon(town.world.drive, id, 'wanted')
    await drive(town.world.drive, id)
    await failOver()
    await countOn()
    await settle()
    expect(await openMoves(town.world.drive.directory)).toEqual([])
    expect((await town.acceptors(ana)).length).toBe(1)
    expect(await halfMoved()).toEqual([])
  },
)
