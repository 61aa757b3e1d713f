import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isRegression } from './regression.ts'

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
