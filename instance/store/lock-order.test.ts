import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inLockOrder } from './as-member.ts'

test('members are locked once each, lowest id first, whatever the order given', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 1n, max: (1n << 63n) - 1n })), (ids) => {
      const order = inLockOrder(ids.map(String)).map(BigInt)
      expect(order).toEqual([...new Set(ids)].sort((a, b) => (a < b ? -1 : 1)))
    }),
  )
})
