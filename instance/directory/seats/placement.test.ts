import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { InstanceInfo } from '../homes.ts'
import { freeSeats, hasRoom, membersToMove, place } from './placement.ts'

const instances = fc.uniqueArray(
  fc.record({
    ordinal: fc.integer({ min: 1, max: 6 }),
    address: fc.constant(''),
    state: fc.constantFrom<InstanceInfo['state']>('Opening', 'Active', 'Draining', 'Retired'),
    cap: fc.integer({ min: 0, max: 4 }),
    taken: fc.integer({ min: 0, max: 5 }),
  }),
  { selector: ({ ordinal }) => ordinal },
)
const ordinal = fc.integer({ min: 1, max: 6 })

test('a seat is only ever given where there is one, and always if there is one', () => {
  fc.assert(
    fc.property(
      instances,
      fc.option(ordinal, { nil: undefined }),
      fc.array(ordinal),
      (all, inviterHome, followHomes) => {
        const chosen = place(all, { inviterHome, followHomes })
        const open = all.filter(hasRoom)
        expect(chosen === undefined).toBe(open.length === 0)
        if (chosen === undefined) return
        expect(open.map((one) => one.ordinal)).toContain(chosen)
        if (open.some((one) => one.ordinal === inviterHome)) expect(chosen).toBe(inviterHome)
        else {
          const friends = (at: number) => followHomes.filter((home) => home === at).length
          expect(friends(chosen)).toBe(Math.max(...open.map((one) => friends(one.ordinal))))
        }
      },
    ),
  )
})

test('with nobody known, the fullest fills first', () => {
  const one = (ordinal: number, taken: number): InstanceInfo => ({
    ordinal,
    taken,
    cap: 5,
    state: 'Active',
    address: '',
  })
  expect(place([one(1, 2), one(2, 4), one(3, 5)], {})).toBe(2)
})

test('who has to move finds a seat in the end, whatever newcomers do, if there were enough to begin with', () => {
  const perInstance = 4
  const homes = fc.array(
    fc.record({
      state: fc.constantFrom<InstanceInfo['state']>('Active', 'Active', 'Draining'),
      cap: fc.constant(perInstance),
      // A cap that was lowered.
      taken: fc.integer({ min: 0, max: 6 }),
    }),
    { minLength: 2, maxLength: 5 },
  )
  const happenings = fc.array(fc.constantFrom('join', 'begin', 'end', 'undo'), { maxLength: 80 })
  let kept = 0
  fc.assert(
    fc.property(homes, happenings, (rows, all) => {
      const town = rows.map((row, index) => ({ ...row, ordinal: index + 1, address: '' }))
      const open: { from: number; to: number }[] = []
      const leaving = () =>
        new Map(town.map(({ ordinal }) => [ordinal, open.filter(({ from }) => from === ordinal).length]))
      const needed = () => membersToMove(town, perInstance, leaving())
      const take = (ordinal: number | undefined, many: number) => {
        const row = town.find((one) => one.ordinal === ordinal)
        if (row) row.taken += many
      }
      const begin = () => {
        const to = place(town, {})
        const from = town.find(
          (row) => membersToMove([row], perInstance, leaving()) > 0 && row.ordinal !== to,
        )?.ordinal
        if (from === undefined || to === undefined) return false
        open.push({ from, to })
        take(to, 1)
        return true
      }
      fc.pre(freeSeats(town, perInstance) >= needed())
      for (const one of all) {
        if (one === 'join' && freeSeats(town, perInstance) > needed()) take(place(town, {}), 1)
        else if (one === 'join' && place(town, {}) !== undefined) kept++
        if (one === 'begin') begin()
        const move = one === 'end' || one === 'undo' ? open.shift() : undefined
        if (move) take(one === 'end' ? move.from : move.to, -1)
        expect(freeSeats(town, perInstance)).toBeGreaterThanOrEqual(needed())
      }
      while (needed() > 0) expect(begin()).toBe(true)
    }),
  )
  // Newcomers were told to wait beside free seats.
  expect(kept).toBeGreaterThan(0)
})
