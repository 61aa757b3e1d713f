import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { InstanceInfo } from '../homes.ts'
import { hasRoom, place } from './placement.ts'

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
