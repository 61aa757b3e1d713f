import { expect, test } from 'vitest'
import { verdict } from './settle.ts'

test('a pending row waits while its sign-up is under way, and follows the directory once that is decided', () => {
  expect(verdict({ state: 'pending', home: 1 }, 1)).toBe('leave')
  expect(verdict({ state: 'active', home: 1 }, 1)).toBe('activate')
  expect(verdict(undefined, 1)).toBe('drop')
  // Moved on already: what is here is the move's to clean up.
  expect(verdict({ state: 'active', home: 2 }, 1)).toBe('leave')
})
