import { expect, test } from 'vitest'
import { readOptions } from './options.ts'

const THERE_ARE = 'use --schedules N and --seed S'
const fromOne = 'give it a whole number from 1 on, as in --schedules 1'
const fromZero = 'give it a whole number from 0 on, as in --seed 1'

test('says how many schedules, and from which seed on', () => {
  expect(readOptions([])).toEqual({ schedules: 1000, seed: 1 })
  expect(readOptions(['--schedules', '20', '--seed=0'])).toEqual({ schedules: 20, seed: 0 })
})

test.each([
  [['--bogus'], `--bogus is no option: ${THERE_ARE}`],
  [['-s', '4'], `-s is no option: ${THERE_ARE}`],
  [['20'], `"20" is no option: ${THERE_ARE}`],
  [['--schedules', '-1'], `--schedules cannot be "-1": ${fromOne}`],
  [['--schedules', '0'], `--schedules cannot be "0": ${fromOne}`],
  [['--schedules', '1e3'], `--schedules cannot be "1e3": ${fromOne}`],
  [['--schedules'], `--schedules has no value: ${fromOne}`],
  [['--schedules', '--seed', '4'], `--schedules cannot be "--seed": ${fromOne}`],
  [['--seed', 'x'], `--seed cannot be "x": ${fromZero}`],
  [['--seed='], `--seed cannot be "": ${fromZero}`],
  [['--seed', '99999999999999999999'], `--seed cannot be "99999999999999999999": ${fromZero}`],
])('refuses %j, and says what to give instead', (args, refused) => {
  expect(readOptions(args)).toEqual({ refused })
})
