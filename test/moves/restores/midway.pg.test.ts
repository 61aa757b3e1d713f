// The home that she is leaving is put back to before she was frozen there, when the move needs nothing more of that home
// before the switch. She never writes at two homes, what was acknowledged is kept, and she is not lost.
import { describe, expect, test } from 'vitest'
import { repairHome, tendMoves } from '../../../instance/move/tend.ts'
import { writePost } from '../../../instance/posts/write.ts'
import { drive } from '../../../operator/rebalance/drive/drive.ts'
import { must } from '../../postgres/lives.ts'
import type { Person } from '../model.ts'
import { begin } from '../world/fixture.ts'
import { seen } from './moved.ts'
import { restorable } from './restorable.ts'

const town = restorable(2)

async function start(home: number): Promise<Person> {
  const model = await begin(town.world, { homes: { ana: home, ben: 1, cem: 2 }, follows: [] })
  const ana = model.people[0]
  if (!ana) throw new Error('nobody')
  return ana
}

type Place = 'frozen' | 'sealed' | 'verified'

/** The driver dies at this place; `sealed`: the directory has not heard of it. */
async function driveTo(id: string, place: Place, at?: (step: string) => Promise<void>): Promise<void> {
  if (place !== 'sealed') return town.driveTo(id, place, at)
  const died = new Error('the driver has died')
  const call: typeof town.world.drive.call = async (ordinal, path, options) => {
    const answer = await town.world.drive.call(ordinal, path, options)
    if (path.endsWith('/seal')) throw died
    return answer
  }
  await drive({ ...town.world.drive, call, reached: ({ step }) => at?.(step) }, id).catch(
    (error: unknown) => {
      if (error !== died) throw error
    },
  )
}

/** A home is put back to what was kept, and looks who lives there: as it runs on, or as it starts again. */
async function putBack(ordinal: number, running: boolean): Promise<void> {
  const { process, home, instance } = town.world.pod(ordinal)
  if (!running) process.life.dead = true
  await town.putBack(ordinal)
  if (running) await home.reboot()
  else await town.world.restart(process)
  await repairHome(instance)
}

/** Whoever drives the move takes it up again until it is over; both homes do what they always do. */
async function driveOn(id: string): Promise<string> {
  let is = 'later'
  for (let tries = 0; is === 'later' && tries < 3; tries++) {
    is = (await drive(town.world.drive, id)).is
    for (const { instance } of town.world.pods) {
      await instance.homes.refresh()
      await tendMoves(instance)
      await repairHome(instance)
    }
  }
  return is
}

const PLACES: readonly Place[] = ['frozen', 'sealed', 'verified']

describe.each([
  [true, PLACES],
  [false, PLACES.slice(-1)],
] as const)('with processes running: %s', (running, places) => {
  describe.each(places)('and the move was %s', (place) => {
    test.each(['before', 'subscribed', 'quiesced'])('put back to: %s', async (at) => {
      const ana = await start(1)
      if (at === 'before') await town.keep(1)
      const { id } = await town.begin(ana.id, 2)
      await driveTo(id, place, async (step) => {
        if (step === at) await town.keep(1)
      })
      await putBack(1, running)
      const post = must(
        await writePost(
          town.world.pod(1).instance,
          { ...ana, epoch: 1 },
          { text: 'Since then', visibility: 'public' },
        ),
      )
      expect(await driveOn(id)).toBe('undone')
      expect(await town.acceptors(ana)).toEqual([1])
      await seen(town, 200)
      // Nothing is in the way of the next move.
      expect(await drive(town.world.drive, (await town.begin(ana.id, 2)).id)).toEqual({ is: 'done' })
      expect(await town.acceptors(ana)).toEqual([2])
      const { rowCount } = await town.world
        .pod(2)
        .admin.query('SELECT FROM posts WHERE id = $1 AND object_json IS NOT NULL', [post.id])
      expect(rowCount).toBe(1)
    })

    test('put back to before she came there', async () => {
      const ana = await start(2)
      await town.keep(1)
      expect(await drive(town.world.drive, (await town.begin(ana.id, 1)).id)).toEqual({ is: 'done' })
      const { id } = await town.begin(ana.id, 2)
      await driveTo(id, place)
      await putBack(1, running)
      expect(await town.acceptors(ana)).toEqual([])
      // What was sealed is newer than what the other home kept when she left it.
      const sealed = place !== 'frozen'
      expect(await driveOn(id)).toBe(sealed ? 'done' : 'undone')
      expect(await town.acceptors(ana)).toEqual([sealed ? 2 : 1])
      await seen(town, 200)
    })

    test.each(['before', 'subscribed', 'frozen'])('and the other home is put back to: %s', async (at) => {
      const ana = await start(1)
      const keep = async (step: string) => {
        if (step === at) await town.keep(2)
      }
      await keep('before')
      const { id } = await town.begin(ana.id, 2)
      const late = must(
        await writePost(
          town.world.pod(1).instance,
          { ...ana, epoch: 1 },
          { text: 'Late', visibility: 'public' },
        ),
      )
      await driveTo(id, place, keep)
      await putBack(2, running)
      const home = (await driveOn(id)) === 'done' ? 2 : 1
      expect(await town.acceptors(ana)).toEqual([home])
      await seen(town, 200)
      const { rowCount } = await town.world
        .pod(home)
        .admin.query('SELECT FROM posts WHERE id = $1 AND object_json IS NOT NULL', [late.id])
      expect(rowCount).toBe(1)
    })
  })
})
