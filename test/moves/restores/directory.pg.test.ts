// The directory is put back to an older copy, before, in the middle of or after a move, and made whole from what its homes
// say: nobody ever has two homes, nobody is lost, and nobody is said not to exist.
import { expect, test } from 'vitest'
import { STEPS as ALL_STEPS, type Step } from '../../../instance/directory/moves/move.ts'
import { openMoves } from '../../../instance/directory/moves/read.ts'
import { readSeen } from '../../../instance/directory/regression.ts'
import { abandon, drive } from '../../../operator/rebalance/drive/drive.ts'
import { rebuildDirectory } from '../../../operator/rebuild/perform.ts'
import type { Person } from '../model.ts'
import { fetchPage } from '../run/look.ts'
import { begin } from '../world/fixture.ts'
import { lookAgain, missing, moveAndRestore, rowsOf, STEPS, seen } from './moved.ts'
import { restorable } from './restorable.ts'

const town = restorable(2)

const STEPS_BEFORE_END = ALL_STEPS.slice(0, -1)

test.each(STEPS)('restored to when the move was at %s: nobody is sent away or brought back', async (at) => {
  const ana = await directoryRestored(at)
  const { rows } = await town.world.directory.query<{ id: string }>('SELECT id FROM moves')
  // Whoever drives it now moves nobody: the operator asks the homes what they have seen.
  const [known] = await Promise.all(town.world.pods.map(({ instance }) => readSeen(instance.db)))
  for (const { id } of rows) {
    expect(await drive({ ...town.world.drive, seen: () => known }, id)).toMatchObject({ is: 'later' })
  }
  expect(await town.acceptors(ana)).toEqual([2])
  for (const { ordinal } of town.world.pods) {
    const { status } = await fetchPage(town.world, ordinal, '/users/ana')
    expect([ordinal, [200, 503].includes(status), status]).toEqual([ordinal, true, status])
  }
  await rebuildDirectory(town.server, town.order())
  await whole(ana)
})

test.each(['before', ...STEPS_BEFORE_END] as const)(
  'restored to when a move was at %s that went no further',
  async (at) => {
    const model = await begin(town.world, { homes: { ana: 1, ben: 1, cem: 2 }, follows: [] })
    const ana = model.people[0]
    if (!ana) throw new Error('nobody')
    await town.keep('directory')
    await town.driveTo((await town.begin(ana.id, 2)).id, at === 'before' ? undefined : at)
    for (const { process, instance } of town.world.pods) {
      await town.world.restart(process)
      await instance.homes.refresh()
    }
    await town.putBack('directory')
    await lookAgain(town)
    await rebuildDirectory(town.server, town.order())
    await whole(ana)
  },
)

test('restored and changed since, as often as it had been: whoever lives somewhere proves it wrong', async () => {
  const ana = await moveAndRestore(town, 'directory', 'before', true)
  await town.world.directory.query('UPDATE meta SET revision = revision + 1000')
  await lookAgain(town)
  expect(town.world.pods.map(({ instance }) => instance.homes.regressed)).toEqual([true, true])
  expect(await town.acceptors(ana)).toEqual([2])
  // Nor do further changes make up for it.
  await town.world.directory.query('UPDATE meta SET revision = revision + 1000')
  await lookAgain(town)
  expect(town.world.pods.map(({ instance }) => instance.homes.regressed)).toEqual([true, true])
  await rebuildDirectory(town.server, town.order())
  await whole(ana)
})

test('rebuilt from an older copy of a home, which is then put back to a newer one: nobody is lost', async () => {
  const model = await begin(town.world, { homes: { ana: 1, ben: 1, cem: 2 }, follows: [] })
  const [ana, , cem] = model.people
  if (!ana || !cem) throw new Error('nobody')
  const home = town.nameOf(2)
  await town.keep('directory')
  await town.copy(home, `${home}_older`)
  const zed = { id: '999', handle: 'zed' }
  await town.world.directory.query(
    "INSERT INTO members (id, handle, home, state) VALUES (999, 'zed', 2, 'active')",
  )
  await town.world.directory.query('UPDATE meta SET revision = revision + 1')
  await town.world.pod(2).admin.query(`INSERT INTO accounts (id, uri, handle, url, inbox)
      VALUES (999, 'https://garden.example/users/zed', 'zed', '', '');
    INSERT INTO members (id, handle, state, password_hash) VALUES (999, 'zed', 'active', '')`)
  for (const { instance } of town.world.pods) await instance.homes.refresh()
  await town.copy(home, `${home}_newer`)
  await town.putBack('directory')
  await town.copy(`${home}_older`, home)
  await lookAgain(town)
  await rebuildDirectory(town.server, town.order())
  await lookAgain(town)
  expect(await town.acceptors(cem)).toEqual([2])
  await town.copy(`${home}_newer`, home)
  await lookAgain(town)
  await rebuildDirectory(town.server, town.order())
  await lookAgain(town)
  expect([await town.acceptors(cem), await town.acceptors(zed), await town.acceptors(ana)]).toEqual([
    [2],
    [2],
    [1],
  ])
  expect(await missing(town)).toEqual([0, 0])
  await town.world.directory.query('DELETE FROM members WHERE id = 999')
})

test('restored to when another move of hers was open: that one is over, and the one that is open now is undone', async () => {
  const model = await begin(town.world, { homes: { ana: 1, ben: 1, cem: 2 }, follows: [] })
  const ana = model.people[0]
  if (!ana) throw new Error('nobody')
  const start = () => town.begin(ana.id, 2)
  const first = await start()
  await town.driveTo(first.id, 'copied')
  await town.keep('directory')
  expect(await abandon(town.world.drive, first.id, 'wanted')).toBe(true)
  expect(await drive(town.world.drive, first.id)).toMatchObject({ is: 'undone' })
  await town.driveTo((await start()).id, 'frozen')
  for (const { instance } of town.world.pods) await instance.homes.refresh()
  await town.putBack('directory')
  await lookAgain(town)
  await rebuildDirectory(town.server, town.order())
  await whole(ana)
})

test('is not rebuilt as long as a home does not answer, nor twice', async () => {
  const ana = await directoryRestored('before')
  const revision = async () =>
    (await town.world.directory.query('SELECT incarnation, revision FROM meta, members ORDER BY id LIMIT 1'))
      .rows
  const before = await revision()
  await town.root.query(`ALTER DATABASE ${town.nameOf(1)} RENAME TO away`).catch(async () => {
    await town.root.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1', [
      town.nameOf(1),
    ])
    await town.root.query(`ALTER DATABASE ${town.nameOf(1)} RENAME TO away`)
  })
  await expect(rebuildDirectory(town.server, town.order())).rejects.toThrow('does not exist')
  expect(await revision()).toEqual(before)
  await town.root.query(`ALTER DATABASE away RENAME TO ${town.nameOf(1)}`)
  await Promise.all([
    rebuildDirectory(town.server, town.order()),
    rebuildDirectory(town.server, town.order()),
  ])
  const [after] = await revision()
  expect(after?.incarnation).toBe((before[0]?.incarnation ?? 0) + 1)
  await whole(ana)
})

async function directoryRestored(at: Step | 'before'): Promise<Person> {
  const ana = await moveAndRestore(town, 'directory', at, true)
  expect(await town.acceptors(ana)).toEqual([2])
  await lookAgain(town)
  expect(await town.acceptors(ana)).toEqual([2])
  expect(town.world.pods.map(({ instance }) => instance.homes.regressed)).toEqual([true, true])
  return ana
}

/** After the rebuild all goes on: she lives at one home, which the directory knows, and moves as anybody would. */
async function whole(ana: Person): Promise<void> {
  await lookAgain(town)
  expect(town.world.pods.map(({ instance }) => instance.homes.regressed)).toEqual([false, false])
  for (const move of await openMoves(town.world.drive.directory)) {
    expect(await drive(town.world.drive, move.id)).toMatchObject({ is: expect.stringMatching(/^(un)?done$/) })
  }
  await lookAgain(town)
  const [home = 0, ...others] = await town.acceptors(ana)
  expect([home > 0, others]).toEqual([true, []])
  expect(await rowsOf(town, ana)).toEqual(home === 1 ? [1, 0] : [0, 1])
  expect(await missing(town)).toEqual([0, 0])
  const { rows } = await town.world.directory.query(
    `SELECT m.home, m.epoch > 1000 AS anew, i.taken = (SELECT count(*) FROM members WHERE home = i.ordinal) AS counted
     FROM members AS m, instances AS i WHERE m.id = $1`,
    [ana.id],
  )
  expect(rows).toEqual([1, 2].map(() => ({ home, anew: true, counted: true })))
  await seen(town, 200)
  const back = await town.begin(ana.id, 3 - home)
  expect(await drive(town.world.drive, back.id)).toEqual({ is: 'done' })
  expect(await town.acceptors(ana)).toEqual([3 - home])
  await seen(town, 200)
}
