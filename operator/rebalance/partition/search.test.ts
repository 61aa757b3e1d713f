import { expect, test } from 'vitest'
import { buildGraph, type Edge } from '../graph.ts'
import { plantedPartition } from '../testing/graphs.ts'
import { at, excess, type Parts, type Problem, worth } from './problem.ts'
import { pick, type Random, seeded } from './random.ts'
import { search } from './search.ts'

const WORK = 1e6

function pose(ids: readonly string[], edges: readonly Edge[], most: number[], least: number[]): Problem {
  const n = ids.length
  const k = most.length
  return {
    ...buildGraph(ids, edges),
    k,
    size: new Int32Array(n).fill(1),
    stay: new Float64Array(n * k),
    fixed: new Int32Array(n).fill(-1),
    most: Int32Array.from(most),
    least: Int32Array.from(least),
  }
}

/** A random graph of up to 14 members in two or three parts, with moves that cost, and here and there a pin or a pair. */
function small(random: Random): Problem {
  const k = random() < 0.8 ? 2 : 3
  const n = k === 2 ? 4 + pick(random, 11) : 4 + pick(random, 5)
  const ids = Array.from({ length: n }, (_, i) => `m${String(i).padStart(2, '0')}`)
  const density = 0.2 + 0.6 * random()
  const edges = ids.flatMap((a, i) =>
    ids.slice(0, i).flatMap((b) => (random() < density ? [{ a, b, weight: 1 + pick(random, 4) }] : [])),
  )
  const cap = Math.ceil(n / k) + pick(random, 3)
  const problem = pose(
    ids,
    edges,
    Array(k).fill(cap),
    Array(k).fill(Math.min(Math.floor(n / k), 1 + pick(random, 3))),
  )
  const lambda = pick(random, 4)
  for (let v = 0; v < n; v++) problem.stay[v * k + pick(random, k)] = lambda
  if (random() < 0.3) problem.fixed[pick(random, n)] = pick(random, k)
  if (random() < 0.3 && cap > Math.ceil(n / k) + 1) problem.size[pick(random, n)] = 2
  return problem
}

/** The most that any allowed partition is worth, by trying all of them. */
function bruteForce(problem: Problem): number {
  const { n, k, size, fixed, most, stay, start, to, weight } = problem
  const parts: Parts = new Int32Array(n)
  const load = new Int32Array(k)
  let best = Number.NEGATIVE_INFINITY
  const place = (v: number, value: number) => {
    if (v === n) {
      if (value > best && excess(problem, parts) === 0) best = value
      return
    }
    for (let p = 0; p < k; p++) {
      if ((at(fixed, v) >= 0 && fixed[v] !== p) || at(load, p) + at(size, v) > at(most, p)) continue
      let gain = at(stay, v * k + p)
      for (let e = at(start, v); e < at(start, v + 1) && at(to, e) < v; e++) {
        if (parts[at(to, e)] === p) gain += at(weight, e)
      }
      parts[v] = p
      load[p] = at(load, p) + at(size, v)
      place(v + 1, value + gain)
      load[p] = at(load, p) - at(size, v)
    }
  }
  place(0, 0)
  return best
}

test('up to 14 members nothing is better than what is found', () => {
  const random = seeded('small graphs')
  for (let i = 0; i < 200; i++) {
    const problem = small(random)
    const best = bruteForce(problem)
    const parts = search(problem, { work: WORK }, seeded(i))
    if (best === Number.NEGATIVE_INFINITY) {
      expect(parts).toBeUndefined()
      continue
    }
    expect(parts && excess(problem, parts)).toBe(0)
    expect(parts && worth(problem, parts), `graph ${i}`).toBe(best)
  }
})

test('planted groups are found again, with no seat to spare', () => {
  const { ids, edges, group } = plantedPartition(6, 40, 12, 3, seeded('planted'))
  const sorted = ids.map((id, v) => ({ id, group: group[v] })).sort((a, b) => (a.id < b.id ? -1 : 1))
  const problem = pose(
    sorted.map(({ id }) => id),
    edges,
    Array(6).fill(40),
    Array(6).fill(8),
  )
  const parts = search(problem, { work: 5e6 }, seeded(1))
  const pairs = new Set(sorted.map((one, v) => `${one.group} ${parts?.[v]}`))
  expect(pairs.size).toBe(6)
})

test('the same seed gives the same partition', () => {
  const { ids, edges } = plantedPartition(3, 30, 6, 4, seeded('again'))
  const problem = pose([...ids].sort(), edges, [32, 32, 32], [6, 6, 6])
  const once = search(problem, { work: WORK }, seeded(7))
  expect(search(problem, { work: WORK }, seeded(7))).toEqual(once)
})
