import { expect, test } from 'vitest'
import { readOptions } from './options.ts'

const HINT = '(npm run soak -- --schedules N --seed S)'
const fromOne = 'is not a whole number from 1 to'
const fromZero = 'is not a whole number from 0 to'

test('says how many schedules, and from which seed on', () => {
  expect(readOptions([])).toEqual({ schedules: 1000, seed: 1 })
  expect(readOptions(['--schedules', '20', '--seed=0'])).toEqual({ schedules: 20, seed: 0 })
})

test.each([
  [['--help'], 'npm run soak', '--schedules N --seed S'],
  [['--bogus'], "'--bogus'", HINT],
  [['-s', '4'], "'-s'", HINT],
  [['20'], "'20'", HINT],
  [['--schedules', '-1'], '--schedules "-1"', fromOne],
  [['--schedules', '0'], '--schedules "0"', fromOne],
  [['--schedules', '1e3'], '--schedules "1e3"', fromOne],
  [['--schedules'], '--schedules', HINT],
  [['--schedules', '--seed', '4'], '--schedules', HINT],
  [['--seed', 'x'], '--seed "x"', fromZero],
  [['--seed='], '--seed ""', fromZero],
  [['--seed', '99999999999999999999'], '--seed "99999999999999999999"', fromZero],
])('refuses %j in one line, and says what to give instead', (args, named, remedy) => {
  let said = ''
  try {
    readOptions(args)
  } catch (error) {
    said = (error as Error).message
  }
  expect(said).toContain(named)
  expect(said).toContain(remedy)
  expect(said).not.toContain('\n')
})
