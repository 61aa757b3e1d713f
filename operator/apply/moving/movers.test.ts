import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { Driven } from '../../rebalance/drive/drive.ts'
import { createMovers } from './movers.ts'

const make = () => {
  const movers = createMovers({ now: () => 0, random: () => 0, log: pino({ level: 'silent' }) })
  const ended: [string, boolean][] = []
  movers.onEnd(({ key, undone }) => void ended.push([key, undone]))
  return { movers, ended }
}
const BETWEEN = ['town/garden-1', 'town/garden-2']
const settled = () => new Promise((wake) => setImmediate(wake))

test('a move is walked once at a time; what goes no further rests longer each time, and no longer once it ends', async () => {
  const { movers, ended } = make()
  let walks = 0
  const walk = (end: () => Promise<Driven>) => {
    movers.drive('town/garden-r1', '7', BETWEEN, () => {
      walks++
      return end()
    })
  }
  const first = Promise.withResolvers<Driven>()
  walk(() => first.promise)
  walk(() => first.promise)
  expect([walks, [...movers.running()]]).toEqual([1, ['7']])
  first.resolve({ is: 'later', code: 'unavailable' })
  await settled()
  const short = movers.resting().get('7') ?? 0
  expect(short).toBeGreaterThan(0)
  walk(() => Promise.reject(new Error('no answer')))
  await settled()
  expect(movers.resting().get('7')).toBeGreaterThan(short)
  walk(() => Promise.resolve({ is: 'undone', code: 'copies-differ' }))
  await settled()
  expect([movers.running().size, movers.resting().size]).toEqual([0, 0])
  expect(ended).toEqual([
    ['town/garden-r1', false],
    ['town/garden-r1', false],
    ['town/garden-r1', true],
  ])
})

test('stopped, it aborts what is under way, waits for it, and walks nothing any more', async () => {
  const { movers, ended } = make()
  movers.drive('town/garden-r1', '7', BETWEEN, () => {
    const { promise, reject } = Promise.withResolvers<Driven>()
    movers.signal.addEventListener('abort', () => reject(movers.signal.reason))
    return promise
  })
  await movers.stop()
  expect(movers.running().size).toBe(0)
  movers.drive('town/garden-r1', '8', BETWEEN, () => Promise.resolve({ is: 'done' }))
  expect([movers.running().size, ended]).toEqual([0, []])
})

test('instances are busy while a move between them is walked or about to be, and no longer', async () => {
  const { movers } = make()
  const busy = () => ['town/garden-1', 'town/garden-2', 'town/garden-3'].filter(movers.busy)
  const free = movers.hold(['town/garden-3'])
  const walk = Promise.withResolvers<Driven>()
  movers.drive('town/garden-r1', '7', BETWEEN, () => walk.promise)
  expect(busy()).toEqual([...BETWEEN, 'town/garden-3'])
  free()
  expect(busy()).toEqual(BETWEEN)
  const told: (readonly string[])[] = []
  movers.onEnd(({ instances }) => void told.push(instances, busy()))
  walk.resolve({ is: 'later', code: 'unavailable' })
  await settled()
  // Whoever waits for it is looked at when it is over.
  expect(told).toEqual([BETWEEN, []])
})
