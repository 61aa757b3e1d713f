import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { plan } from '../plan/plan.ts'
import { type PlanOptions, readOptions } from './options.ts'
import { type Files, poseFiles, printable, told } from './pose.ts'

const options = (...args: string[]): PlanOptions => {
  const read = readOptions(['--edges', 'edges.txt', '--cap', '2', ...args])
  if (read === undefined) throw new Error('asked for help')
  return read
}

function run(files: Files, ...args: string[]) {
  const { input, nameOf } = poseFiles(files, options(...args))
  const made = plan(input)
  if (made.kind === 'refusal') throw new Error(told(made, nameOf))
  return printable(made, nameOf)
}

test('edges are read with weights, comments and repetitions, and as few instances used as fit', () => {
  const edges = '# who knows whom\r\na b\n a\tb 2 # twice\n\nc d 5\na c\na a 7\n'
  expect(run({ edges })).toMatchObject({ homes: { a: 1, b: 1, c: 2, d: 2 }, cut: 1, moved: 0, order: [] })
})

test('homes and pins keep their names, and the moves are printed in order', () => {
  const files = { edges: 'a b\nc d\n', homes: 'a oak\nb oak\nc elm\nd elm\ne 7\n', pins: 'a 7\n' }
  const made = run(files)
  expect(made.homes).toEqual({ a: 7, b: 'oak', c: 'elm', d: 'elm', e: 7 })
  expect(made.order).toEqual([{ member: 'a', from: 'oak', to: 7 }])
  expect(made).toMatchObject({ moved: 1, lowerBound: 1, reasons: { pinned: 1 } })
})

test.each([
  [{ edges: 'a b\na\n' }, 'edges.txt, line 2: one member only'],
  [{ edges: 'a b one' }, 'edges.txt, line 1: the weight "one"'],
  [{ edges: 'a b 0x10' }, 'edges.txt, line 1: the weight "0x10" is not a number from 0 to 1000000'],
  [{ edges: 'a b NaN' }, 'edges.txt, line 1: the weight "NaN"'],
  [{ edges: 'a b Infinity' }, 'edges.txt, line 1: the weight "Infinity"'],
  [{ edges: 'a b -1' }, 'edges.txt, line 1: the weight "-1"'],
  [{ edges: 'a b 1 2' }, 'edges.txt, line 1: more than three fields'],
  [{ edges: 'a b', homes: 'a 1\n\na 2' }, 'homes, line 3: the member "a" is there a second time'],
  [{ edges: 'a b', homes: 'a' }, 'homes, line 1: the instance is missing'],
  [{ edges: 'a b', pins: 'x 1' }, 'pins, line 1: the member "x" is in neither'],
])('what is wrong in a file is named with its line: %j', (files, message) => {
  expect(() => run(files)).toThrow(message)
})

test.each([
  [
    { edges: 'a b\nb c', homes: 'a 1\nb 2\nc 3', pins: 'a 2\nb 2\nc 2' },
    '3 members are pinned to instance 2',
  ],
  [{ edges: 'a b\nb c', pins: 'a oak\nb oak\nc oak' }, '3 members are pinned to instance oak'],
])('an instance is called what the files call it: %j', (files, message) => {
  expect(() => run(files)).toThrow(message)
})

test('more than can be planned for is refused before memory is full', () => {
  const edges = Array.from({ length: 60_000 }, (_, i) => `a${i} b${i}`).join('\n')
  expect(() => run({ edges }, '--cap', '300')).toThrow('120000 members and 400 instances')
})

test.each([
  [['--cap', '0'], '--cap "0" is not a whole number from 1 to 1000000'],
  [['--cap', '-1'], '--cap "-1" is not a whole number from 1'],
  [['--cap=-1'], '--cap "-1" is not a whole number from 1'],
  [['--seed', '99999999999'], '--seed "99999999999" is not a whole number from -1000000 to 1000000'],
  [['--instances', '1000000'], '--instances "1000000" is not a whole number from 1 to 1000'],
  [['--cap'], "--cap <value>' argument missing (npm run plan -- --help)"],
  [['--cap', '2.5'], '--cap "2.5"'],
  [['--instances', 'x'], '--instances "x"'],
  [['--headroom', '2'], '--headroom 2 leaves no seat'],
  [['--homes', '-', '--pins', '-'], 'only one of'],
  [['--speed', '1'], "Unknown option '--speed'"],
  [['--instances', '1'], 'too few'],
])('what is wrong on the command line is named: %j', (args, message) => {
  const files = { edges: 'a b\nb c\n' }
  if (message === 'too few')
    expect(() => run(files, ...args)).toThrow('instances: 3 members, but seats for 2.')
  else expect(() => run(files, ...args)).toThrow(message)
})

const main = (...args: string[]) =>
  execa(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    reject: false,
    input: 'a b\nb c\n',
  })

test.each([
  [['--edges', '/nowhere/edges', '--cap', '2'], '--edges /nowhere/edges cannot be read: ENOENT'],
  [['--edges', '-', '--homes', '/nowhere/homes', '--cap', '2'], '--homes /nowhere/homes cannot be read'],
  [['--edges', '-', '--cap', '-1'], '--cap "-1"'],
  [['--edges', '-', '--cap', '1', '--instances', '2'], 'too-few-seats: instances: 3 members'],
])('the command ends with 2 and one line: %j', async (args, message) => {
  const { exitCode, stdout, stderr } = await main(...args)
  expect({ exitCode, stdout, lines: stderr.split('\n').length }).toEqual({
    exitCode: 2,
    stdout: '',
    lines: 1,
  })
  expect(stderr).toContain(message)
})

test('more instances than can be planned for are refused, whoever asks for them', () => {
  const edges = Array.from({ length: 1_001 }, (_, i) => `m${i} m${i}`).join('\n')
  expect(() => run({ edges }, '--cap', '1')).toThrow('--cap 1 makes 1001 instances of 1001 members')
})

test('a negative seed is a seed', () => {
  expect(options('--seed', '-3').seed).toBe(-3)
})
