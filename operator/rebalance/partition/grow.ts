// First partitions: regions that grow from chosen or random vertices, the emptiest one first.
import { at, type Parts, type Problem } from './problem.ts'
import { pick, type Random } from './random.ts'

/**
 * A partition in which everybody has a part. Within the bounds where that is easy: `repair` does the rest.
 * `given`: parts that are taken over, -1 for none.
 */
export function grow(problem: Problem, given: Parts | undefined, random: Random): Parts {
  const { n, k, start, to, weight, size, stay, fixed, most, least } = problem
  const parts = new Int32Array(n).fill(-1)
  const load = new Int32Array(k)
  // Friendship with each region, and what it is worth to be there against where it is worth most.
  const score = new Float64Array(n * k)
  const degree = new Float64Array(n)
  // Half of the time, who has few friends elsewhere goes first.
  const inward = random() < 0.5 ? 0.5 : 0
  for (let v = 0; v < n; v++) {
    let top = Number.NEGATIVE_INFINITY
    for (let p = 0; p < k; p++) top = Math.max(top, at(stay, v * k + p))
    for (let p = 0; p < k; p++) score[v * k + p] = at(stay, v * k + p) - top
    for (let e = at(start, v); e < at(start, v + 1); e++) degree[v] = at(degree, v) + at(weight, e)
  }
  // Who has no part yet, in no order.
  const left = Int32Array.from({ length: n }, (_, v) => v)
  const place = left.slice()
  let waiting = n
  const put = (v: number, part: number) => {
    parts[v] = part
    load[part] = at(load, part) + at(size, v)
    for (let e = at(start, v); e < at(start, v + 1); e++) {
      const i = at(to, e) * k + part
      score[i] = at(score, i) + at(weight, e)
    }
    const last = at(left, --waiting)
    left[at(place, v)] = last
    place[last] = at(place, v)
  }
  for (let v = 0; v < n; v++) {
    const part = at(fixed, v) >= 0 ? at(fixed, v) : given === undefined ? -1 : at(given, v)
    if (part >= 0) put(v, part)
  }

  let seats = 0
  let people = 0
  for (let p = 0; p < k; p++) seats += at(most, p)
  for (let v = 0; v < n; v++) people += at(size, v)
  const aim = Float64Array.from(most, (cap, p) =>
    Math.max(at(least, p), (cap * people) / Math.max(1, seats), 1e-3),
  )
  const closed = new Uint8Array(k)
  const begun = new Uint8Array(k)
  while (waiting > 0) {
    let part = -1
    for (let p = 0; p < k; p++) {
      if (closed[p] === 1) continue
      if (part < 0 || at(load, p) / at(aim, p) < at(load, part) / at(aim, part)) part = p
    }
    if (part < 0) break
    let best = -1
    let top = Number.NEGATIVE_INFINITY
    const room = at(most, part) - at(load, part)
    // A region begins anywhere, so that many starts find different partitions.
    const somewhere = begun[part] === 0 && load[part] === 0 ? at(left, pick(random, waiting)) : -1
    begun[part] = 1
    for (let i = 0; i < waiting; i++) {
      const v = at(left, i)
      if (at(size, v) > room) continue
      const value = at(score, v * k + part) - inward * at(degree, v) + random() * 1e-3
      if (value > top) {
        top = value
        best = v
      }
    }
    if (somewhere >= 0 && at(size, somewhere) <= room && top < 1e-3) best = somewhere
    if (best < 0) closed[part] = 1
    else put(best, part)
  }
  while (waiting > 0) {
    const v = at(left, 0)
    let widest = 0
    for (let p = 1; p < k; p++) {
      if (at(most, p) - at(load, p) > at(most, widest) - at(load, widest)) widest = p
    }
    put(v, widest)
  }
  return parts
}
