// Ana has moved, and a database is put back to an older copy: what is looked at then.
import { expect } from 'vitest'
import type { Move, Step } from '../../../instance/directory/moves/move.ts'
import { repairHome, tendMoves } from '../../../instance/move/tend.ts'
import { writePost } from '../../../instance/posts/write.ts'
import { drive } from '../../../operator/rebalance/drive/drive.ts'
import { must } from '../../postgres/lives.ts'
import type { Person } from '../model.ts'
import { fetchPage } from '../run/look.ts'
import type { Which } from '../world/copies.ts'
import { begin } from '../world/fixture.ts'
import type { Restorable } from './restorable.ts'

/** Where a move stands when the copy is taken that is put back later. */
export const STEPS: readonly (Step | 'before')[] = ['before', 'copied', 'verified', 'activated']

/** Ana moves from 1 to 2. A dump of one database is taken when the move is at `at`, and brought back after its end. */
export async function moveAndRestore(
  town: Restorable,
  which: Which,
  at: Step | 'before',
  running: boolean,
  way?: 'and back' | 'and almost back',
): Promise<Person> {
  const model = await begin(town.world, {
    homes: { ana: 1, ben: 1, cem: 2 },
    follows: [
      ['ana', 'cem'],
      ['cem', 'ana'],
    ],
  })
  const ana = model.people[0]
  if (!ana) throw new Error('nobody')
  const dump = () => town.keep(which)
  if (at === 'before') await dump()
  const move = await town.begin(ana.id, 2)
  const reached = async (now: Move) => {
    if (now.step === at) await dump()
  }
  expect(await drive({ ...town.world.drive, reached }, move.id)).toEqual({ is: 'done' })
  if (way) {
    const { instance } = town.world.pod(2)
    must(await writePost(instance, { ...ana, epoch: 2 }, { text: 'Between', visibility: 'public' }))
    const back = await town.begin(ana.id, 1)
    await town.driveTo(back.id, way === 'and back' ? undefined : 'activated')
  }
  for (const { process, instance } of town.world.pods) {
    await instance.homes.refresh()
    if (!running) process.life.dead = true
  }
  await town.putBack(which)
  return ana
}

/** Whether each home has a row of hers, which takes a seat. */
export async function rowsOf(town: Restorable, ana: Person): Promise<number[]> {
  const counts = await Promise.all(
    town.world.pods.map(({ admin }) =>
      admin.query<{ count: number }>('SELECT count(*)::integer AS count FROM members WHERE id = $1', [
        ana.id,
      ]),
    ),
  )
  return counts.map(({ rows }) => rows[0]?.count ?? 0)
}

/** How many members each home says that it lacks. */
export async function missing(town: Restorable): Promise<number[]> {
  const found = await Promise.all(
    town.world.pods.map(({ admin }) => admin.query<{ missing: number }>('SELECT missing FROM home')),
  )
  return found.map(({ rows }) => rows[0]?.missing ?? -1)
}

/** What a pod does after a while: looks for its boot row, reads the directory, tends its moves. `repairs`: and brings back whom it lacks. */
export async function lookAgain(town: Restorable, repairs = true): Promise<void> {
  for (const { process, home, instance } of town.world.pods) {
    if (process.life.dead) await town.world.restart(process)
    else await home.reboot()
    await instance.homes.refresh()
    await tendMoves(instance, { frozenMs: 0 })
    if (repairs) await repairHome(instance)
  }
}

/** What every pod answers for her. */
export async function seen(town: Restorable, status: number): Promise<void> {
  for (const { ordinal } of town.world.pods) {
    expect([ordinal, (await fetchPage(town.world, ordinal, '/users/ana')).status]).toEqual([ordinal, status])
  }
}
