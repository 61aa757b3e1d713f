import { expect, test } from 'vitest'
import { readNames } from './names.ts'

const ana = { handle: 'ana', domain: 'garden.example' }

test('names are read however they are written, each once', () => {
  expect(readNames(' @Ben, cleo;@dora@garden.EXAMPLE\nben ', ana)).toEqual(['ben', 'cleo', 'dora'])
  expect(readNames('', ana)).toEqual([])
})

test('a name that cannot be meant is refused, and named', () => {
  expect(readNames('ben @zoe@far.example', ana)).toMatchObject({
    code: 'together-elsewhere',
    details: { name: '@zoe@far.example' },
  })
  expect(readNames('b@n@garden.example', ana)).toMatchObject({ code: 'together-elsewhere' })
  expect(readNames('@', ana)).toMatchObject({ code: 'unknown-name' })
  expect(readNames('b<n', ana)).toMatchObject({ code: 'unknown-name', details: { name: 'b<n' } })
  expect(readNames('ben @Ana', ana)).toMatchObject({ code: 'together-yourself' })
})

test('five may be named, however often, and no sixth', () => {
  expect(readNames('a b c d e A @b', ana)).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(readNames('a b c d e f', ana)).toMatchObject({
    code: 'together-many',
    details: { most: 5, count: 6 },
  })
})
