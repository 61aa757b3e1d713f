import { expect, test } from 'vitest'
import { neighbourhood } from '../../../test/postgres/neighbourhood.ts'
import { startSpool } from './sender.ts'

const homes = neighbourhood({ homes: 3 })

test('a sibling that takes connections and never answers keeps no other waiting', async () => {
  const home = homes.at(1)
  const hanging: ((error: Error) => void)[] = []
  homes.network.around = (call, send) =>
    call.to === 3 ? new Promise((_, reject) => hanging.push(reject)) : send()
  const spool = async (ordinal: number) => {
    const body = JSON.stringify({ id: `https://other.example/${ordinal}`, type: 'Like' })
    await home.db
      .insertInto('spool')
      .values({ ordinal, activity_uri: 'like', actor_uri: 'zoe', recipient: null, body })
      .execute()
    home.wake.soon('spool')
  }
  const left = async () =>
    (await home.db.selectFrom('spool').select('ordinal').execute()).map(({ ordinal }) => ordinal)
  const sender = startSpool(home, Math.random)
  await spool(3)
  await expect.poll(() => hanging.length).toBe(1)
  for (let count = 0; count < 3; count++) {
    await spool(2)
    await expect.poll(left, { timeout: 2_500 }).toEqual([3])
  }
  // It is asked again when it has not answered, and not before.
  expect(hanging).toHaveLength(1)
  hanging[0]?.(new Error('no answer'))
  await expect.poll(() => hanging.length, { timeout: 10_000 }).toBe(2)
  const stopped = sender.stop()
  hanging[1]?.(new Error('no answer'))
  await stopped
  expect(await left()).toEqual([3])
})
