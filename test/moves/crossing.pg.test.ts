// One leaves a home while another arrives there, step by step and without chance.
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import type { Step } from '../../instance/directory/moves/move.ts'
import { readMove } from '../../instance/directory/moves/read.ts'
import { activate } from '../../instance/move/arriving/activate.ts'
import type { MoveCall } from '../../instance/move/calls.ts'
import { demote } from '../../instance/move/leaving/demote.ts'
import { restorable } from './restores/restorable.ts'
import { begin } from './world/fixture.ts'

const town = restorable(3)

/** Begins a move and drives it as one who dies at `last`; gives what is still to be said to its homes. */
async function moveUntil(memberId: string, target: number, last: Step): Promise<MoveCall> {
  const { id } = await town.begin(memberId, target)
  await town.driveTo(id, last)
  return { move: id, attempt: (await readMove(town.world.drive.directory, id))?.attempt ?? 0 }
}

test.each([
  ['ana', 'cem'],
  ['cem', 'ana'],
] as const)('%s follows %s: so it is where one of them arrives while the other leaves', async (who, whom) => {
  const { people } = await begin(town.world, { homes: { ana: 1, ben: 3, cem: 2 }, follows: [[who, whom]] })
  const [ana, , cem] = people
  if (!ana || !cem) throw new Error('nobody')
  const leaving = await moveUntil(ana.id, 3, 'activated')
  const arriving = await moveUntil(cem.id, 1, 'switched')
  const { instance, admin } = town.world.pod(1)
  const holder = new pg.Client({ connectionString: town.world.community.adminUrls.homes.get(1) })
  await holder.connect()
  onTestFinished(() => holder.end())
  const waiting = (count: number) =>
    expect
      .poll(async () => {
        const { rows } = await admin.query(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        return rows.length
      })
      .toBe(count)
  // Both have looked who lives here, and neither has ended.
  await holder.query('BEGIN; LOCK TABLE member_keys IN EXCLUSIVE MODE')
  const both = [activate(instance, arriving)]
  await waiting(1)
  both.push(demote(instance, leaving))
  await waiting(2)
  await holder.query('COMMIT')
  expect(await Promise.all(both)).toEqual([{ done: true }, { done: true }])
  const follows = (ordinal: number) =>
    town.world
      .pod(ordinal)
      .admin.query(
        `SELECT a.handle AS who, b.handle AS whom, state FROM follows
         JOIN accounts a ON a.id = follower_id JOIN accounts b ON b.id = followee_id
         WHERE a.handle IN ('ana', 'cem') AND b.handle IN ('ana', 'cem')`,
      )
      .then(({ rows }) => rows)
  expect(await follows(1)).toEqual([{ who, whom, state: 'accepted' }])
  expect(await follows(3)).toEqual([{ who, whom, state: 'accepted' }])
})
