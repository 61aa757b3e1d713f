import { expect, test } from 'vitest'
import { groupsOf, type Wishing } from './together.ts'

const one = (id: string, together: string, pinned?: number): Wishing => ({
  id,
  together: together.split(' ').filter(Boolean),
  ...(pinned !== undefined && { pinned }),
})
const grouped = (members: Wishing[], most = 10) => Object.fromEntries(groupsOf(members, most))

test('pairs, and friends of friends, share a word; whoever wishes for nobody has none', () => {
  const members = [one('a', 'b'), one('b', 'a c'), one('c', 'b'), one('d', ''), one('e', 'f'), one('f', 'e')]
  expect(grouped(members)).toEqual({ a: 'a', b: 'a', c: 'a', e: 'e', f: 'e' })
})

test('a group grows no larger than fits', () => {
  const chain = [one('a', 'b'), one('b', 'a c'), one('c', 'b d'), one('d', 'c')]
  expect(grouped(chain, 3)).toEqual({ a: 'a', b: 'a', c: 'a' })
  expect(grouped(chain, 2)).toEqual({ a: 'a', b: 'a', c: 'c', d: 'c' })
})

test('nobody is tied to people who must be elsewhere, directly or by a friend', () => {
  expect(grouped([one('a', 'b', 1), one('b', 'a', 2)])).toEqual({})
  const between = [one('a', 'b', 1), one('b', 'a c'), one('c', 'b', 2)]
  expect(grouped(between)).toEqual({ a: 'a', b: 'a' })
  expect(grouped([one('a', 'b', 1), one('b', 'a', 1)])).toEqual({ a: 'a', b: 'a' })
})

test('who is not there is left out', () => {
  expect(grouped([one('a', 'gone')])).toEqual({})
})
