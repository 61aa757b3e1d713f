// A smaller problem of the same shape: people with many ties between them become one vertex.
import { at, type Parts, type Problem } from './problem.ts'
import { type Random, shuffled } from './random.ts'

export type Coarse = {
  readonly problem: Problem
  /** The coarse vertex of each vertex. */
  readonly of: Int32Array
}

/** Clusters of at most `limit` seats by label propagation. Nobody joins whom one of `apart` puts elsewhere. */
export function cluster(
  problem: Problem,
  limit: number,
  apart: readonly Parts[],
  random: Random,
): Int32Array {
  const { n, start, to, weight, size, fixed } = problem
  const label = Int32Array.from({ length: n }, (_, v) => v)
  const load = Int32Array.from(size)
  const tie = new Float64Array(n)
  const seen = new Int32Array(n)
  const order = shuffled(n, random)
  for (let round = 0; round < 4; round++) {
    let changed = 0
    for (const v of order) {
      const own = at(label, v)
      const seats = at(size, v)
      let met = 0
      for (let e = at(start, v); e < at(start, v + 1); e++) {
        const u = at(to, e)
        if (fixed[u] !== fixed[v] || apart.some((parts) => parts[u] !== parts[v])) continue
        const l = at(label, u)
        if (tie[l] === 0) seen[met++] = l
        tie[l] = at(tie, l) + at(weight, e)
      }
      let best = own
      let most = at(tie, own)
      for (let i = 0; i < met; i++) {
        const l = at(seen, i)
        const w = at(tie, l)
        if (
          l !== own &&
          at(load, l) + seats <= limit &&
          (w > most || (w === most && w > 0 && random() < 0.3))
        ) {
          most = w
          best = l
        }
        tie[l] = 0
      }
      if (best === own) continue
      load[own] = at(load, own) - seats
      load[best] = at(load, best) + seats
      label[v] = best
      changed++
    }
    if (changed < n / 50) break
  }
  return label
}

/** The problem in which each label is one vertex. */
export function contract(problem: Problem, label: Int32Array): Coarse {
  const { n, k, start, to, weight, size, stay, fixed } = problem
  const number = new Int32Array(n).fill(-1)
  const of = new Int32Array(n)
  let count = 0
  for (let v = 0; v < n; v++) {
    const l = at(label, v)
    if (number[l] === -1) number[l] = count++
    of[v] = at(number, l)
  }
  // The members of each coarse vertex, one after the other.
  const first = new Int32Array(count + 1)
  for (let v = 0; v < n; v++) first[at(of, v) + 1] = at(first, at(of, v) + 1) + 1
  for (let c = 0; c < count; c++) first[c + 1] = at(first, c + 1) + at(first, c)
  const fill = first.slice()
  const members = new Int32Array(n)
  for (let v = 0; v < n; v++) {
    const c = at(of, v)
    members[at(fill, c)] = v
    fill[c] = at(fill, c) + 1
  }

  const coarse = {
    size: new Int32Array(count),
    stay: new Float64Array(count * k),
    fixed: new Int32Array(count).fill(-1),
    start: new Int32Array(count + 1),
  }
  const newTo: number[] = []
  const newWeight: number[] = []
  const where = new Int32Array(count).fill(-1)
  for (let c = 0; c < count; c++) {
    const begin = newTo.length
    for (let m = at(first, c); m < at(first, c + 1); m++) {
      const v = at(members, m)
      coarse.size[c] = at(coarse.size, c) + at(size, v)
      coarse.fixed[c] = at(fixed, v)
      for (let p = 0; p < k; p++) coarse.stay[c * k + p] = at(coarse.stay, c * k + p) + at(stay, v * k + p)
      for (let e = at(start, v); e < at(start, v + 1); e++) {
        const d = at(of, at(to, e))
        if (d === c) continue
        const known = at(where, d)
        if (known >= begin) newWeight[known] = (newWeight[known] ?? 0) + at(weight, e)
        else {
          where[d] = newTo.length
          newTo.push(d)
          newWeight.push(at(weight, e))
        }
      }
    }
    coarse.start[c + 1] = newTo.length
  }
  const graph = {
    n: count,
    start: coarse.start,
    to: Int32Array.from(newTo),
    weight: Float64Array.from(newWeight),
  }
  return { of, problem: { ...problem, ...graph, size: coarse.size, stay: coarse.stay, fixed: coarse.fixed } }
}
