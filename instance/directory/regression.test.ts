import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isRegression, laterThan } from './regression.ts'

const seen = fc.record({ incarnation: fc.nat(5), revision: fc.bigInt({ min: 0n, max: 5n }) })

test('of two different directories exactly one is the older, and none is older than itself', () => {
  fc.assert(
    fc.property(seen, seen, (a, b) => {
      const same = a.incarnation === b.incarnation && a.revision === b.revision
      expect([isRegression(a, b), isRegression(b, a)].filter(Boolean).length).toBe(same ? 0 : 1)
    }),
  )
})

test('a repaired directory starts anew with a higher incarnation', () => {
  expect(isRegression({ incarnation: 1, revision: 900n }, { incarnation: 2, revision: 1n })).toBe(false)
  expect(isRegression({ incarnation: 1, revision: 900n }, { incarnation: 1, revision: 899n })).toBe(true)
})

test('a directory that has forgotten somebody who lives here, or where they came later, is older whatever it counts', () => {
  const found = { incarnation: 2, revision: 7n, members: [{ id: '1', epoch: 3 }] }
  expect(laterThan(found, [])).toBeUndefined()
  expect(laterThan(found, [{ id: '1', epoch: 3, state: 'active' }])).toBeUndefined()
  // Of somebody who has moved on since this home is the one that is behind.
  expect(laterThan(found, [{ id: '1', epoch: 2, state: 'active' }])).toBeUndefined()
  expect(laterThan(found, [{ id: '1', epoch: 2, state: 'leaving' }])).toBeUndefined()
  // Nor of a sign-up that it has given up.
  expect(laterThan(found, [{ id: '2', epoch: 1, state: 'pending' }])).toBeUndefined()
  for (const resident of [
    { id: '1', epoch: 4, state: 'active' },
    { id: '2', epoch: 1, state: 'frozen' },
    // Who waits to be let go has left by one that knew where to.
    { id: '1', epoch: 3, state: 'leaving' },
  ]) {
    const seen = laterThan(found, [resident])
    expect(seen && isRegression(seen, { incarnation: 2, revision: 1_000_000n })).toBe(true)
    expect(seen && isRegression(seen, { incarnation: 3, revision: 1n })).toBe(false)
  }
})
