import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fullJitter, isDatabaseDown, untilUp } from './failures.ts'

const withCode = (code: string) => Object.assign(new Error('x'), { code })

test('a lost database is told apart from a broken statement', () => {
  for (const code of [
    'ECONNREFUSED',
    'ECONNRESET',
    'ENETUNREACH',
    '57P01',
    '57P03',
    '53300',
    '08006',
    '3D000',
  ]) {
    expect(isDatabaseDown(withCode(code)), code).toBe(true)
  }
  expect(isDatabaseDown(new Error('Connection terminated unexpectedly'))).toBe(true)
  expect(isDatabaseDown(new Error('database "garden_1" is not currently accepting connections'))).toBe(true)
  expect(isDatabaseDown(new Error('Client was closed and is not queryable'))).toBe(true)
  // How `pg` says that a server let it wait too long for a connection.
  expect(isDatabaseDown(new Error('timeout expired'))).toBe(true)
  expect(isDatabaseDown(new AggregateError([withCode('ECONNREFUSED')]))).toBe(true)
  for (const code of ['23505', '42P01', '40001', '57014'])
    expect(isDatabaseDown(withCode(code)), code).toBe(false)
  expect(isDatabaseDown('ECONNREFUSED')).toBe(false)
})

test('waits stay between nothing and their bound, which doubles up to five seconds', () => {
  fc.assert(
    fc.property(
      fc.nat(100),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, chance) => {
        const ms = fullJitter(attempt, () => chance)
        expect(ms >= 0 && ms < Math.min(5_000, 100 * 2 ** Math.min(attempt, 20))).toBe(true)
      },
    ),
  )
})

test('tries again only while the database is down', async () => {
  let tries = 0
  const options = { random: () => 0, signal: new AbortController().signal }
  const value = await untilUp(async () => {
    if (++tries < 3) throw withCode('ECONNREFUSED')
    return tries
  }, options)
  expect(value).toBe(3)
  await expect(untilUp(() => Promise.reject(withCode('42P01')), options)).rejects.toMatchObject({
    code: '42P01',
  })
})
