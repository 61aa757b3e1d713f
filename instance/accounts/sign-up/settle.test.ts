import { expect, test } from 'vitest'
import { verdict } from './settle.ts'

test('a pending row waits while its sign-up is under way, and follows the directory once that is decided', () => {
  expect(verdict({ state: 'pending', home: 1 }, 1)).toBe('leave')
  expect(verdict({ state: 'active', home: 1 }, 1)).toBe('activate')
  expect(verdict(undefined, 1)).toBe('drop')
  expect(verdict({ state: 'deleted', home: 1 }, 1)).toBe('leave')
  // Nobody moves who is pending, so no move has any use for the row.
  expect(verdict({ state: 'active', home: 2 }, 1)).toBe('drop')
})
