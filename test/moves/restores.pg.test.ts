// Any one database is put back to an older copy of itself, before, in the middle of or after a move, whether or not
// processes are running: nobody ever has two homes, nobody is lost, and nobody is said not to exist.
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { changeDirectory } from '../../instance/directory/change.ts'
import { beginMove } from '../../instance/directory/moves/begin.ts'
import { STEPS as ALL_STEPS, type Move, type Step } from '../../instance/directory/moves/move.ts'
import { openMoves } from '../../instance/directory/moves/read.ts'
import { readSeen } from '../../instance/directory/regression.ts'
import { repairHome, tendMoves } from '../../instance/move/tend.ts'
import { writePost } from '../../instance/posts/write.ts'
import { codeOf } from '../../instance/store/boots/missing.ts'
import type { RebuildOrder } from '../../operator/decide/decision.ts'
import { openServer, type Server } from '../../operator/postgres/server/session.ts'
import { abandon, drive } from '../../operator/rebalance/drive/drive.ts'
import { giveUpMissing } from '../../operator/rebuild/lost/give-up.ts'
import { rebuildDirectory } from '../../operator/rebuild/perform.ts'
import { must } from '../postgres/lives.ts'
import type { Person } from './model.ts'
import { fetchPage } from './run/look.ts'
import { acceptors as accepting, copyDatabase as copy, nameOf as nameIn, type Which } from './world/copies.ts'
import { begin } from './world/fixture.ts'
import { openWorld, type World } from './world/world.ts'

let world: World
let root: pg.Client
let server: Server
beforeAll(async () => {
  server = openServer({
    host: '127.0.0.1',
    port: inject('postgresPort'),
    username: 'postgres',
    password: '',
    database: 'postgres',
  })
  world = await openWorld(inject('postgresPort'), 2)
  root = new pg.Client({
    host: '127.0.0.1',
    port: inject('postgresPort'),
    user: 'postgres',
    database: 'postgres',
  })
  await root.connect()
})
afterAll(async () => {
  await root.end()
  await world.close()
})

const nameOf = (which: Which) => nameIn(world, which)
const copyDatabase = (from: string, to: string) => copy(root, from, to)
const acceptors = (ana: Person) => accepting(world, ana)

const dumped = (which: Which) => `${nameOf(which)}_dump`

const dumpNow = (which: Which) => copyDatabase(nameOf(which), dumped(which))

/** Ana moves from 1 to 2. A dump of one database is taken when the move is at `at`, and brought back after its end. */
async function moveAndRestore(
  which: Which,
  at: Step | 'before',
  running: boolean,
  way?: 'and back',
): Promise<Person> {
  const model = await begin(world, {
    homes: { ana: 1, ben: 1, cem: 2 },
    follows: [
      ['ana', 'cem'],
      ['cem', 'ana'],
    ],
  })
  const ana = model.people[0]
  if (!ana) throw new Error('nobody')
  const dump = () => dumpNow(which)
  if (at === 'before') await dump()
  const move = must(
    await changeDirectory(world.drive.directory, (tx) => beginMove(tx, { memberId: ana.id, target: 2 })),
  )
  const reached = async (now: Move) => {
    if (now.step === at) await dump()
  }
  expect(await drive({ ...world.drive, reached }, move.id)).toEqual({ is: 'done' })
  if (way) {
    const { instance } = world.pod(2)
    must(await writePost(instance, { ...ana, epoch: 2 }, { text: 'Between', visibility: 'public' }))
    const back = must(
      await changeDirectory(world.drive.directory, (tx) => beginMove(tx, { memberId: ana.id, target: 1 })),
    )
    expect(await drive(world.drive, back.id)).toEqual({ is: 'done' })
  }
  for (const { process, instance } of world.pods) {
    await instance.homes.refresh()
    if (!running) process.life.dead = true
  }
  await copyDatabase(dumped(which), nameOf(which))
  return ana
}

/** Where there are rows from which she can be brought back: at a home, staged, or kept after she left. */
async function copies(ana: Person): Promise<number> {
  const counts = await Promise.all(
    world.pods.map(async ({ admin }) => {
      const { rows } = await admin.query<{ count: number }>(
        `SELECT ((SELECT count(*) FROM members WHERE id = $1 AND state <> 'staged') + (SELECT count(*) FROM carried.members WHERE id = $1))::integer AS count`,
        [ana.id],
      )
      return rows[0]?.count ?? 0
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Whether each home has a row of hers, which takes a seat. */
async function rowsOf(ana: Person): Promise<number[]> {
  const counts = await Promise.all(
    world.pods.map(({ admin }) =>
      admin.query<{ count: number }>('SELECT count(*)::integer AS count FROM members WHERE id = $1', [
        ana.id,
      ]),
    ),
  )
  return counts.map(({ rows }) => rows[0]?.count ?? 0)
}

async function missing(): Promise<number[]> {
  const found = await Promise.all(
    world.pods.map(({ admin }) => admin.query<{ missing: number }>('SELECT missing FROM home')),
  )
  return found.map(({ rows }) => rows[0]?.missing ?? -1)
}

/** Nothing that a restore left behind is in the way of a move to the first home. */
async function comesBack(ana: Person): Promise<void> {
  const move = must(
    await changeDirectory(world.drive.directory, (tx) => beginMove(tx, { memberId: ana.id, target: 1 })),
  )
  expect(await drive(world.drive, move.id)).toEqual({ is: 'done' })
  expect(await acceptors(ana)).toEqual([1])
  await seen(200)
}

/** What a pod does after a while: looks for its boot row, reads the directory, tends its moves. */
async function lookAgain(): Promise<void> {
  for (const { process, home, instance } of world.pods) {
    if (process.life.dead) await world.restart(process)
    else await home.reboot()
    await instance.homes.refresh()
    await tendMoves(instance, { frozenMs: 0 })
    await repairHome(instance)
  }
}

const STEPS_BEFORE_END = ALL_STEPS.slice(0, -1)
const STEPS: readonly (Step | 'before')[] = ['before', 'copied', 'verified', 'activated']

describe.each([
  [true, STEPS],
  [false, ['before', 'verified'] as const],
] as const)('with processes running: %s', (running, steps) => {
  test.each(steps)('the first home, restored to when the move was at: %s', async (at) => {
    const ana = await moveAndRestore(1, at, running)
    // Under a running process nothing is written before it has looked who still lives there.
    if (running) expect(await acceptors(ana)).toEqual([2])
    await lookAgain()
    expect(await acceptors(ana)).toEqual([2])
    await seen(200)
    // Nobody has a seat at two homes, and what a restore brought back of her is kept as it would be after the move.
    expect(await rowsOf(ana)).toEqual([0, 1])
    expect(await copies(ana)).toBe(2)
    await comesBack(ana)
  })

  test.each(steps)('the second home, restored to when the move was at: %s', async (at) => {
    const ana = await moveAndRestore(2, at, running)
    if (running) expect(await acceptors(ana)).toEqual([])
    // What was staged and sealed comes to life again; what was not comes from what the first home has kept.
    await lookAgain()
    expect(await acceptors(ana)).toEqual([2])
    await seen(200)
    expect(await rowsOf(ana)).toEqual([0, 1])
    expect(await missing()).toEqual([0, 0])
    await comesBack(ana)
  })
})

describe('somebody who went and came back', () => {
  test.each(STEPS)('the home between, restored to when she was on the way there: %s', async (at) => {
    const ana = await moveAndRestore(2, at, true, 'and back')
    await lookAgain()
    expect(await acceptors(ana)).toEqual([1])
    expect(await rowsOf(ana)).toEqual([1, 0])
    await seen(200)
  })

  test.each(STEPS)('her home, restored to when she lived there the first time: %s', async (at) => {
    const ana = await moveAndRestore(1, at, true, 'and back')
    // As she was the first time she speaks for nobody.
    expect(await acceptors(ana)).toEqual([])
    await lookAgain()
    expect(await acceptors(ana)).toEqual([1])
    expect(await rowsOf(ana)).toEqual([1, 0])
    expect(await missing()).toEqual([0, 0])
    // What she wrote in between was kept where she wrote it.
    const { rows } = await world
      .pod(1)
      .admin.query<{ text: string }>(
        `SELECT content_text AS text FROM posts WHERE account_id = $1 AND content_text LIKE 'Between%'`,
        [ana.id],
      )
    expect(rows).toEqual([{ text: 'Between' }])
    await seen(200)
  })
})

test('whoever was never elsewhere is missed, and is said to be, until they are there again', async () => {
  const ana = await moveAndRestore(2, 'before', true)
  await world.pod(1).admin.query('DELETE FROM carried.members; DELETE FROM moves')
  await lookAgain()
  expect([await missing(), await acceptors(ana)]).toEqual([[0, 1], []])
  await seen(503)
  // Given up by who knows just whom: then her pages are gone, and nobody waits for her.
  const giveUp = (code: string) =>
    giveUpMissing(server, {
      directory: nameOf('directory'),
      home: { ordinal: 2, name: nameOf(2) },
      homes: order().homes,
      code,
    })
  await giveUp(codeOf(['1']))
  await lookAgain()
  expect(await missing()).toEqual([0, 1])
  await giveUp(codeOf([ana.id]))
  expect(await missing()).toEqual([0, 0])
  await lookAgain()
  expect([await missing(), await acceptors(ana)]).toEqual([[0, 0], []])
  await seen(410)
  const { rows } = await world.directory.query('SELECT taken FROM instances ORDER BY ordinal')
  expect(rows).toEqual([{ taken: 1 }, { taken: 1 }])
})

describe('the directory', () => {
  test.each(STEPS)('restored to when the move was at %s: nobody is sent away or brought back', async (at) => {
    const ana = await directoryRestored(at)
    const { rows } = await world.directory.query<{ id: string }>('SELECT id FROM moves')
    // Whoever drives it now moves nobody: the operator asks the homes what they have seen.
    const [known] = await Promise.all(world.pods.map(({ instance }) => readSeen(instance.db)))
    for (const { id } of rows) {
      expect(await drive({ ...world.drive, seen: () => known }, id)).toMatchObject({ is: 'later' })
    }
    expect(await acceptors(ana)).toEqual([2])
    for (const { ordinal } of world.pods) {
      const { status } = await fetchPage(world, ordinal, '/users/ana')
      expect([ordinal, [200, 503].includes(status), status]).toEqual([ordinal, true, status])
    }
    await rebuildDirectory(server, order())
    await whole(ana)
  })

  test.each(['before', ...STEPS_BEFORE_END] as const)(
    'restored to when a move was at %s that went no further',
    async (at) => {
      const model = await begin(world, { homes: { ana: 1, ben: 1, cem: 2 }, follows: [] })
      const ana = model.people[0]
      if (!ana) throw new Error('nobody')
      await dumpNow('directory')
      const died = new Error('the driver has died')
      const move = must(
        await changeDirectory(world.drive.directory, (tx) => beginMove(tx, { memberId: ana.id, target: 2 })),
      )
      const reached = (now: Move) => {
        if (now.step === at) throw died
      }
      await drive({ ...world.drive, reached }, move.id).catch((error: unknown) => {
        if (error !== died) throw error
      })
      for (const { process, instance } of world.pods) {
        await world.restart(process)
        await instance.homes.refresh()
      }
      await copyDatabase(dumped('directory'), nameOf('directory'))
      await lookAgain()
      await rebuildDirectory(server, order())
      await whole(ana)
    },
  )

  test('restored and changed since, as often as it had been: whoever lives somewhere proves it wrong', async () => {
    const ana = await moveAndRestore('directory', 'before', true)
    await world.directory.query('UPDATE meta SET revision = revision + 1000')
    await lookAgain()
    expect(world.pods.map(({ instance }) => instance.homes.regressed)).toEqual([false, true])
    expect(await acceptors(ana)).toEqual([2])
    // Nor do further changes make up for it.
    await world.directory.query('UPDATE meta SET revision = revision + 1000')
    await lookAgain()
    expect(world.pods.map(({ instance }) => instance.homes.regressed)).toEqual([false, true])
    await rebuildDirectory(server, order())
    await whole(ana)
  })

  test('rebuilt from an older copy of a home, which is then put back to a newer one: nobody is lost', async () => {
    const model = await begin(world, { homes: { ana: 1, ben: 1, cem: 2 }, follows: [] })
    const [ana, , cem] = model.people
    if (!ana || !cem) throw new Error('nobody')
    const home = nameOf(2)
    await dumpNow('directory')
    await copyDatabase(home, `${home}_older`)
    const zed = { id: '999', handle: 'zed', sessions: [] }
    await world.directory.query(
      "INSERT INTO members (id, handle, home, state) VALUES (999, 'zed', 2, 'active')",
    )
    await world.directory.query('UPDATE meta SET revision = revision + 1')
    await world.pod(2).admin.query(`INSERT INTO accounts (id, uri, handle, url, inbox)
        VALUES (999, 'https://garden.example/users/zed', 'zed', '', '');
      INSERT INTO members (id, handle, state, password_hash) VALUES (999, 'zed', 'active', '')`)
    for (const { instance } of world.pods) await instance.homes.refresh()
    await copyDatabase(home, `${home}_newer`)
    await copyDatabase(dumped('directory'), nameOf('directory'))
    await copyDatabase(`${home}_older`, home)
    await lookAgain()
    await rebuildDirectory(server, order())
    await lookAgain()
    expect(await acceptors(cem)).toEqual([2])
    await copyDatabase(`${home}_newer`, home)
    await lookAgain()
    await rebuildDirectory(server, order())
    await lookAgain()
    expect([await acceptors(cem), await acceptors(zed), await acceptors(ana)]).toEqual([[2], [2], [1]])
    expect(await missing()).toEqual([0, 0])
    await world.directory.query('DELETE FROM members WHERE id = 999')
  })

  test('restored to when another move of hers was open: that one is over, and the one that is open now is undone', async () => {
    const model = await begin(world, { homes: { ana: 1, ben: 1, cem: 2 }, follows: [] })
    const ana = model.people[0]
    if (!ana) throw new Error('nobody')
    const died = new Error('the driver has died')
    const driveTo = async (id: string, at: Step) => {
      const reached = (now: Move) => {
        if (now.step === at) throw died
      }
      await drive({ ...world.drive, reached }, id).catch((error: unknown) => {
        if (error !== died) throw error
      })
    }
    const start = async () =>
      must(
        await changeDirectory(world.drive.directory, (tx) => beginMove(tx, { memberId: ana.id, target: 2 })),
      )
    const first = await start()
    await driveTo(first.id, 'copied')
    await dumpNow('directory')
    expect(await abandon(world.drive, first.id, 'wanted')).toBe(true)
    expect(await drive(world.drive, first.id)).toMatchObject({ is: 'undone' })
    await driveTo((await start()).id, 'frozen')
    for (const { instance } of world.pods) await instance.homes.refresh()
    await copyDatabase(dumped('directory'), nameOf('directory'))
    await lookAgain()
    await rebuildDirectory(server, order())
    await whole(ana)
  })

  test('is not rebuilt as long as a home does not answer, nor twice', async () => {
    const ana = await directoryRestored('before')
    const revision = async () =>
      (await world.directory.query('SELECT incarnation, revision FROM meta, members ORDER BY id LIMIT 1'))
        .rows
    const before = await revision()
    await root.query(`ALTER DATABASE ${nameOf(1)} RENAME TO away`).catch(async () => {
      await root.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1', [
        nameOf(1),
      ])
      await root.query(`ALTER DATABASE ${nameOf(1)} RENAME TO away`)
    })
    await expect(rebuildDirectory(server, order())).rejects.toThrow('does not exist')
    expect(await revision()).toEqual(before)
    await root.query(`ALTER DATABASE away RENAME TO ${nameOf(1)}`)
    await Promise.all([rebuildDirectory(server, order()), rebuildDirectory(server, order())])
    const [after] = await revision()
    expect(after?.incarnation).toBe((before[0]?.incarnation ?? 0) + 1)
    await whole(ana)
  })
})

async function directoryRestored(at: Step | 'before'): Promise<Person> {
  const ana = await moveAndRestore('directory', at, true)
  expect(await acceptors(ana)).toEqual([2])
  await lookAgain()
  expect(await acceptors(ana)).toEqual([2])
  expect(world.pods.map(({ instance }) => instance.homes.regressed)).toEqual([true, true])
  return ana
}

const order = (): RebuildOrder => ({
  name: nameOf('directory'),
  homes: ([1, 2] as const).map((ordinal) => ({ ordinal, name: nameOf(ordinal) })),
  retired: [],
  addresses: [],
  community: { namespace: 'town', name: 'garden' },
  givenUp: undefined,
})

/** After the rebuild all goes on: she lives at one home, which the directory knows, and moves as anybody would. */
async function whole(ana: Person): Promise<void> {
  await lookAgain()
  expect(world.pods.map(({ instance }) => instance.homes.regressed)).toEqual([false, false])
  for (const move of await openMoves(world.drive.directory)) {
    expect(await drive(world.drive, move.id)).toMatchObject({ is: expect.stringMatching(/^(un)?done$/) })
  }
  await lookAgain()
  const [home = 0, ...others] = await acceptors(ana)
  expect([home > 0, others]).toEqual([true, []])
  expect(await rowsOf(ana)).toEqual(home === 1 ? [1, 0] : [0, 1])
  expect(await missing()).toEqual([0, 0])
  const { rows } = await world.directory.query(
    `SELECT m.home, m.epoch > 1000 AS anew, i.taken = (SELECT count(*) FROM members WHERE home = i.ordinal) AS counted
     FROM members AS m, instances AS i WHERE m.id = $1`,
    [ana.id],
  )
  expect(rows).toEqual([1, 2].map(() => ({ home, anew: true, counted: true })))
  await seen(200)
  const back = must(
    await changeDirectory(world.drive.directory, (tx) =>
      beginMove(tx, { memberId: ana.id, target: 3 - home }),
    ),
  )
  expect(await drive(world.drive, back.id)).toEqual({ is: 'done' })
  expect(await acceptors(ana)).toEqual([3 - home])
  await seen(200)
}

/** At every pod. */
async function seen(status: number): Promise<void> {
  for (const { ordinal } of world.pods) {
    expect([ordinal, (await fetchPage(world, ordinal, '/users/ana')).status]).toEqual([ordinal, status])
  }
}
