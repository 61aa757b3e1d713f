import { expect, test } from 'vitest'
import { buildGraph, measure, weigh } from './graph.ts'

test('following each other outweighs one of the two, and much talk a little of it', () => {
  expect(weigh({ follows: 0, replies: 0, boosts: 0 })).toBe(0)
  expect(weigh({ follows: 1, replies: 0, boosts: 0 })).toBe(1)
  expect(weigh({ follows: 2, replies: 0, boosts: 0 })).toBe(3)
  expect(weigh({ follows: 2, replies: 9, boosts: 10 })).toBeCloseTo(3 + Math.log(20))
})

test('edges of the same two are added, whichever is named first; edges to oneself are left out', () => {
  const graph = buildGraph(
    ['a', 'b', 'c'],
    [
      { a: 'b', b: 'a', weight: 2 },
      { a: 'a', b: 'b', weight: 1 },
      { a: 'c', b: 'c', weight: 9 },
      { a: 'b', b: 'c', weight: 4 },
      { a: 'a', b: 'c', weight: 0 },
    ],
  )
  expect([...graph.to]).toEqual([1, 0, 2, 1])
  expect([...graph.weight]).toEqual([3, 3, 4, 4])
  expect(measure(graph, Int32Array.of(0, 0, 1))).toEqual({ total: 7, cut: 4 })
})
