import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffS, type DeliveryFacts, openForS, outcomeOf, retryAfterS } from './outcome.ts'

const now = new Date('2026-01-01T00:00:00Z')
const facts: DeliveryFacts = { attempts: 1, ageS: 0, triedBothForms: false, now, random: () => 0.5 }

test('answers', () => {
  const is = (answered: number, more: Partial<DeliveryFacts> = {}) =>
    outcomeOf({ answered }, { ...facts, ...more }).is
  expect([200, 202, 204].map((status) => is(status))).toEqual(['delivered', 'delivered', 'delivered'])
  expect([400, 401].map((status) => is(status))).toEqual(['other-form', 'other-form'])
  expect(is(401, { triedBothForms: true })).toBe('retry')
  expect(is(400, { triedBothForms: true })).toBe('dead')
  expect([403, 404, 410, 413].map((status) => is(status))).toEqual(['dead', 'dead', 'dead', 'dead'])
  expect([301, 408, 429, 500, 502, 503].map((status) => is(status))).toEqual(Array(6).fill('retry'))
  expect(is(500, { ageS: 3 * 24 * 3600 })).toBe('dead')
})

test('an address that may not be connected to is given up at once', () => {
  expect(outcomeOf({ failed: 'private', forbidden: true }, facts).is).toBe('dead')
  expect(outcomeOf({ failed: 'ECONNREFUSED' }, facts).is).toBe('retry')
})

test('a host that asks for peace gets at least that', () => {
  expect(outcomeOf({ answered: 429, retryAfter: '3000' }, facts)).toEqual({
    is: 'retry',
    why: 'answered 429',
    afterS: 3000,
    hostWaits: true,
  })
  expect(retryAfterS('Thu, 01 Jan 2026 00:01:00 GMT', now)).toBe(60)
  expect(retryAfterS('99999999', now)).toBe(24 * 3600)
  expect(retryAfterS('soon', now)).toBeUndefined()
})

test('a delivery ends: within two days of tries it is delivered or dead', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 500, max: 599 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (status, chance) => {
        let ageS = 0
        for (let attempts = 1; attempts < 100; attempts++) {
          const outcome = outcomeOf({ answered: status }, { ...facts, attempts, ageS, random: () => chance })
          if (outcome.is === 'dead') return
          if (outcome.is !== 'retry') throw new Error(outcome.is)
          expect(outcome.afterS).toBeGreaterThan(0)
          ageS += outcome.afterS
        }
        throw new Error('never ends')
      },
    ),
  )
})

test('waits grow, and circuits open after five failures', () => {
  expect(backoffS(1, () => 0.5)).toBe(20)
  expect(backoffS(4, () => 0.5)).toBe(160)
  expect(backoffS(50, () => 0.5)).toBe(6 * 3600)
  expect(openForS(4, () => 0.5)).toBeUndefined()
  expect(openForS(5, () => 0.5)).toBe(60)
  expect(openForS(500, () => 0.5)).toBe(3600)
})
