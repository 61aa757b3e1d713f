import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeSchedule } from '../schedule/schedule.ts'
import { fewest, only, partsOf } from './fewest.ts'

const anySchedule = fc.nat({ max: 100_000 }).map((seed) => makeSchedule(seed))

test('a schedule is all of its parts, and every part can be left out', () => {
  fc.assert(
    fc.property(anySchedule, fc.nat(), (schedule, nth) => {
      const parts = partsOf(schedule)
      expect(only(schedule, parts)).toEqual(schedule)
      const without = parts[nth % parts.length]
      const rest = partsOf(
        only(
          schedule,
          parts.filter((part) => part !== without),
        ),
      )
      expect(rest.length).toBeLessThan(parts.length)
    }),
  )
})

test('what it takes to fail is found, and nothing else', async () => {
  // It fails wherever somebody writes something in the middle of a move that meets a fault.
  const fails = (schedule: ReturnType<typeof makeSchedule>) =>
    schedule.acts.some(
      (act) =>
        act.do === 'move' &&
        act.interruptions.some(({ fault }) => fault) &&
        act.interruptions.some(({ ops }) => ops.some((op) => op.do === 'write')),
    )
  const failing = Array.from({ length: 200 }, (_, seed) => makeSchedule(seed)).filter(fails)
  expect(failing.length).toBeGreaterThan(20)
  for (const schedule of failing) {
    const least = await fewest(schedule, async (tried) => fails(tried), 1000)
    expect(fails(least)).toBe(true)
    for (const part of partsOf(least)) {
      const parts = partsOf(least).filter((other) => other !== part)
      expect(fails(only(least, parts))).toBe(false)
    }
  }
})

test('it is not looked for without end', async () => {
  const schedule = makeSchedule(7)
  let runs = 0
  const least = await fewest(
    schedule,
    async () => {
      runs++
      return false
    },
    5,
  )
  expect(runs).toBe(5)
  expect(least).toEqual(schedule)
})
