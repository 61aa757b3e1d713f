import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seatsAreLow } from './wake.ts'

const active = (cap: number, taken: number) => ({ state: 'Active' as const, cap, taken })

test('seats are low before they are gone, and only seats that can be given count', () => {
  expect(seatsAreLow({ instances: [active(300, 100)], waiting: 0, perInstance: 300 })).toBe(false)
  expect(seatsAreLow({ instances: [active(300, 151)], waiting: 0, perInstance: 300 })).toBe(true)
  expect(seatsAreLow({ instances: [active(3, 0)], waiting: 0, perInstance: 3 })).toBe(false)
  expect(seatsAreLow({ instances: [active(3, 2)], waiting: 0, perInstance: 3 })).toBe(true)
  const opening = { state: 'Opening' as const, cap: 300, taken: 0 }
  expect(seatsAreLow({ instances: [active(300, 300), opening], waiting: 0, perInstance: 300 })).toBe(true)
})

test('nobody waits without the operator being told', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(300), fc.nat(300))),
      fc.integer({ min: 1, max: 300 }),
      (list, perInstance) =>
        seatsAreLow({ instances: list.map(([cap, taken]) => active(cap, taken)), waiting: 1, perInstance }),
    ),
  )
})
