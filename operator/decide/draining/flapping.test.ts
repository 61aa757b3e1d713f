import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeTown, type Town } from '../../testing/snapshots/town.ts'
import type { DirectoryInstance } from '../snapshot.ts'

const SHRINK = 3

const happenings = fc.array(
  fc.oneof(
    fc.record({ is: fc.constant('join' as const), many: fc.integer({ min: 1, max: 8 }) }),
    fc.record({ is: fc.constant('leave' as const), many: fc.integer({ min: 1, max: 8 }), from: fc.nat(5) }),
    fc.record({ is: fc.constant('settle' as const), moves: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ is: fc.constant('pass' as const), days: fc.constantFrom(0.0001, 0.5, 1, 4) }),
    fc.record({ is: fc.constant('look' as const) }),
  ),
  { maxLength: 60 },
)
const seats = fc
  .record({
    perInstance: fc.integer({ min: 2, max: 6 }),
    free: fc.integer({ min: 1, max: 6 }),
    maxInstances: fc.integer({ min: 1, max: 5 }),
    minutesBetweenInstances: fc.constantFrom(0, 10),
  })
  .map(({ free, ...given }) => ({ ...given, minFree: Math.min(free, given.perInstance) }))
const asked = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 })

type Happening = typeof happenings extends fc.Arbitrary<(infer One)[]> ? One : never
function happen(town: Town, one: Happening): void {
  if (one.is === 'join') town.join(one.many)
  if (one.is === 'leave') town.leave(one.many, one.from)
  if (one.is === 'settle') town.settle(one.moves)
  if (one.is === 'pass') town.pass(one.days)
  town.look()
}

/** A day with nothing but looks, and members who move. */
function quietDay(town: Town): void {
  town.settle(100)
  town.look()
  town.pass(1)
  town.look()
}

/** Also those who wait, as soon as they have seats. */
function everybodyGoes(town: Town): void {
  do {
    town.settle(0)
    town.leave(1000, 0)
    town.look()
  } while (town.waiting() > 0)
}

const members = (rows: readonly DirectoryInstance[]) => rows.reduce((sum, { taken }) => sum + taken, 0)

test('whatever happens, once nothing does any more no instance is opened, emptied or retired', () => {
  fc.assert(
    fc.property(seats, happenings, fc.integer({ min: 0, max: 2 }), asked, (given, all, headroom, drain) => {
      const told: string[] = []
      const town = makeTown(
        { seats: given, rebalance: { headroomPercent: headroom * 10, shrinkAfterDays: SHRINK } },
        ({ change }) => void told.push(change),
      )
      town.look()
      for (const one of all) happen(town, one)
      town.drain(drain)
      for (let day = 0; day < (SHRINK + 2) * 12; day++) quietDay(town)
      const last = told.length
      const then = town.rows()
      for (let day = 0; day < 4 * SHRINK; day++) quietDay(town)
      expect(told.slice(last)).toEqual([])
      expect(town.rows()).toEqual(then)
      // Nothing is left half way, but where no more instances are allowed.
      if (drain.length === 0)
        expect(then.filter(({ state }) => state === 'Draining' || state === 'Opening')).toEqual([])
    }),
    { numRuns: 150 },
  )
})

test('fewer instances never leave fewer seats than have another opened, and none is opened beside one that is emptied for that', () => {
  fc.assert(
    fc.property(seats, happenings, (given, all) => {
      let shrunk = 0
      const town = makeTown({ seats: given, rebalance: { shrinkAfterDays: SHRINK } }, (change, rows) => {
        const others = rows.filter(
          ({ state, ordinal }) =>
            state === 'Active' && ordinal !== ('ordinal' in change ? change.ordinal : 0),
        )
        if (change.change === 'drain') {
          shrunk++
          expect(change.cause).toBe('Fewer')
          expect(others.length * given.perInstance - members(rows)).toBeGreaterThanOrEqual(2 * given.minFree)
        }
        if (change.change === 'retire')
          expect(others.length * given.perInstance - members(rows)).toBeGreaterThanOrEqual(given.minFree)
        if (change.change === 'addInstance')
          expect(rows.filter(({ state }) => state === 'Draining')).toEqual([])
      })
      town.look()
      for (let round = 0; round < 4; round++) {
        town.join(given.perInstance)
        town.look()
        town.pass(0.1)
        town.look()
      }
      everybodyGoes(town)
      for (let day = 0; day <= SHRINK; day++) {
        town.look()
        town.pass(1)
      }
      town.look()
      for (const one of all) happen(town, one)
      everybodyGoes(town)
      for (let day = 0; day < (SHRINK + 2) * 12; day++) quietDay(town)
      if (given.perInstance >= 2 * given.minFree) {
        expect(town.open()).toHaveLength(1)
        expect(shrunk).toBeGreaterThanOrEqual(town.rows().length - 1)
      }
    }),
    {
      numRuns: 150,
      examples: [
        // Those who come need the emptied one, and another one besides.
        [
          { perInstance: 2, maxInstances: 3, minutesBetweenInstances: 0, minFree: 1 },
          [
            { is: 'settle', moves: 0 },
            { is: 'pass', days: 4 },
            { is: 'join', many: 4 },
          ],
        ],
      ],
    },
  )
})
