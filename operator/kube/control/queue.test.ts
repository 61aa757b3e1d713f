import fc from 'fast-check'
import { expect, test } from 'vitest'
import { testDeps } from '../testing/deps.ts'
import { createQueue } from './queue.ts'

const make = (random?: () => number) => {
  const deps = testDeps(random)
  return { ...deps, queue: createQueue('test', deps, { firstRetryMs: 100, longestRetryMs: 1000 }) }
}

test('a key that was added often is taken once', async () => {
  const { queue } = make()
  for (const key of ['a', 'a', 'b', 'a']) queue.add(key)
  expect([await queue.take(), await queue.take()]).toEqual(['a', 'b'])
  expect(queue.depth).toBe(0)
})

test('a key that is added while it is worked on comes again, after it was given back', async () => {
  const { queue } = make()
  queue.add('a')
  expect(await queue.take()).toBe('a')
  queue.add('a')
  queue.add('a')
  let taken: string | undefined
  const next = queue.take().then((key) => {
    taken = key
  })
  await Promise.resolve()
  expect(taken).toBeUndefined()
  queue.done('a')
  await next
  expect(taken).toBe('a')
  queue.done('a')
  expect(queue.depth).toBe(0)
})

test('waits after failures double up to the longest, and start anew after a success', () => {
  const { queue } = make()
  const waits = Array.from({ length: 6 }, () => queue.addAfterFailure('a'))
  expect(waits).toEqual([100, 200, 400, 800, 1000, 1000])
  queue.forget('a')
  expect(queue.addAfterFailure('a')).toBe(100)
})

test('of several planned times the soonest counts, and news does not wait', async () => {
  const { queue, clock } = make()
  queue.addAfter('a', 5000)
  queue.addAfter('a', 1000)
  queue.addAfter('a', 3000)
  await clock.pass(999)
  expect(queue.depth).toBe(0)
  await clock.pass(1)
  expect(queue.depth).toBe(1)
  queue.addAfter('b', 5000)
  queue.add('b')
  expect(queue.depth).toBe(2)
  await clock.pass(10_000)
  expect(queue.depth).toBe(2)
})

test('closing lets takers go and forgets what was planned', async () => {
  const { queue, clock } = make()
  const taking = queue.take()
  queue.addAfter('a', 10)
  queue.close()
  expect(await taking).toBeUndefined()
  await clock.pass(100)
  expect(queue.depth).toBe(0)
  expect(clock.waiting()).toBe(0)
})

test('whatever happens: no key has two workers, and every key added is worked on afterwards', async () => {
  type Step =
    | { do: 'add' | 'fail' | 'succeed' | 'later'; key: string }
    | { do: 'take' }
    | { do: 'pass'; ms: number }
  const key = fc.constantFrom('a', 'b', 'c')
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      do: fc.constantFrom('add' as const, 'fail' as const, 'succeed' as const, 'later' as const),
      key,
    }),
    fc.constant({ do: 'take' as const }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 500 }) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { queue, clock } = make(() => 0.5)
      const running = new Set<string>()
      const owed = new Set<string>() // added, and not yet taken since
      const take = async () => {
        const taken = queue.take().then((next) => {
          if (next === undefined) return
          expect(running.has(next)).toBe(false)
          running.add(next)
          owed.delete(next)
        })
        await Promise.race([taken, clock.pass(0)])
      }
      for (const one of steps) {
        if (one.do === 'take') await take()
        else if (one.do === 'pass') await clock.pass(one.ms)
        else if (one.do === 'add' || one.do === 'later') {
          owed.add(one.key)
          if (one.do === 'add') queue.add(one.key)
          else queue.addAfter(one.key, 300)
        } else if (running.delete(one.key)) {
          if (one.do === 'fail') {
            owed.add(one.key)
            queue.addAfterFailure(one.key)
          } else queue.forget(one.key)
          queue.done(one.key)
          await clock.pass(0)
        }
      }
      for (let round = 0; round < 20 && (owed.size > 0 || running.size > 0); round++) {
        for (const one of [...running]) {
          running.delete(one)
          queue.done(one)
        }
        await clock.pass(2000)
        if (queue.depth > 0) await take()
      }
      expect([...owed]).toEqual([])
      queue.close()
    }),
    { numRuns: 300 },
  )
})
