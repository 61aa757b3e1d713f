import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rows, seats } from '../../testing/snapshots/arbitrary.ts'
import { makeRow, NOW } from '../../testing/snapshots/community.ts'
import type { DirectoryInstance } from '../snapshot.ts'
import { decideGrowth, freeSeats } from './growth.ts'

const facts = fc.record({
  seats,
  instances: rows,
  coming: fc.integer({ min: 0, max: 2 }),
  waiting: fc.integer({ min: 0, max: 700 }),
  overflow: fc.integer({ min: 0, max: 300 }),
})
const open = (instances: readonly DirectoryInstance[]) => instances.filter(({ state }) => state !== 'Retired')

test('a community without an instance gets one, whatever else is', () => {
  fc.assert(
    fc.property(seats, (given) => {
      expect(
        decideGrowth({ seats: given, instances: [], coming: 0, waiting: 0, overflow: 0 }, NOW).grow,
      ).toBe(true)
    }),
  )
})

test('past the first, never more than maxInstances', () => {
  fc.assert(
    fc.property(facts, (given) => {
      const count = open(given.instances).length + given.coming
      if (count > 0 && count >= given.seats.maxInstances) expect(decideGrowth(given, NOW).grow).toBe(false)
    }),
  )
})

test('only when seats are few: never while enough are free, or on their way', () => {
  fc.assert(
    fc.property(facts, (given) => {
      const wished = open(given.instances).map((row) => ({ ...row, cap: given.seats.perInstance }))
      const free = freeSeats(wished, ['Active', 'Opening']) + given.coming * given.seats.perInstance
      const any = wished.length + given.coming > 0
      if (any && free - given.waiting - given.overflow >= given.seats.minFree)
        expect(decideGrowth(given, NOW).grow).toBe(false)
    }),
  )
})

test('two instances are never opened within minutesBetweenInstances; the first counts for none', () => {
  fc.assert(
    fc.property(facts, (given) => {
      const all = open(given.instances)
      const growth = decideGrowth(given, NOW)
      if (!growth.grow || all.length + given.coming < 2) return
      const last = Math.max(0, ...all.map(({ createdAt }) => createdAt))
      expect(NOW - last).toBeGreaterThanOrEqual(given.seats.minutesBetweenInstances * 60_000)
    }),
  )
})

test('more people who wait or have to move never make it less willing', () => {
  fc.assert(
    fc.property(facts, fc.constantFrom('waiting', 'overflow'), fc.nat(300), (given, who, more) => {
      const before = decideGrowth(given, NOW)
      const after = decideGrowth({ ...given, [who]: given[who] + more }, NOW)
      if (before.grow) expect(after.grow).toBe(true)
    }),
  )
})

test('a move that is under way asks for no more seats than it does before and after', () => {
  const seats = { perInstance: 4, minFree: 1, maxInstances: 9, minutesBetweenInstances: 0 }
  const decide = (one: object, other: object, overflow: number) =>
    decideGrowth(
      {
        seats,
        instances: [makeRow(1, { cap: 4, ...one }), makeRow(2, { cap: 4, ...other })],
        coming: 0,
        waiting: 0,
        overflow,
      },
      NOW,
    ).grow
  expect(decide({ taken: 6 }, { taken: 1 }, 2)).toBe(false)
  expect(decide({ taken: 6, leaving: 1 }, { taken: 2 }, 1)).toBe(false)
  expect(decide({ taken: 5 }, { taken: 2 }, 1)).toBe(false)
  expect(decide({ taken: 6 }, { taken: 2 }, 2)).toBe(true)
})

test('whoever comes finds a seat as long as instances may be added', () => {
  fc.assert(
    fc.property(seats, fc.integer({ min: 1, max: 400 }), (given, people) => {
      const wish = { ...given, minutesBetweenInstances: 0, maxInstances: 1000 }
      const instances: DirectoryInstance[] = []
      let opened = 0
      for (let person = 0; person < people; person++) {
        while (decideGrowth({ seats: wish, instances, coming: 0, waiting: 0, overflow: 0 }, NOW).grow)
          instances.push(makeRow(++opened, { cap: wish.perInstance }))
        const at = instances.findIndex(({ cap, taken }) => taken < cap)
        // A seat was free before it was asked for.
        expect(at).toBeGreaterThanOrEqual(0)
        const row = instances[at]
        if (row) instances[at] = { ...row, taken: row.taken + 1 }
      }
      // And no more than needed: the buffer is less than one instance too many.
      expect(freeSeats(instances, ['Active'])).toBeLessThan(wish.minFree + wish.perInstance + 1)
    }),
    { numRuns: 30 },
  )
})

test('one that starts is waited for, unless it is plainly not enough', () => {
  const wish = { perInstance: 3, minFree: 2, maxInstances: 9, minutesBetweenInstances: 0 }
  const full = makeRow(1, { cap: 3, taken: 3 })
  const opening = makeRow(2, { cap: 3, state: 'Opening' })
  const decide = (waiting: number) =>
    decideGrowth({ seats: wish, instances: [full, opening], coming: 0, waiting, overflow: 0 }, NOW)
  expect(decide(3)).toEqual({ grow: false, why: 'EnoughSeats' })
  expect(decide(4)).toEqual({ grow: true, why: 'PeopleWait' })
})
