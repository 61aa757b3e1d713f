// What the search is given: vertices with sizes, parts with bounds, and what every vertex gains in every part.

/** A weighted undirected graph as compressed rows: the neighbours of v are `to[start[v]]` to `to[start[v + 1] - 1]`. */
export type Graph = {
  readonly n: number
  readonly start: Int32Array
  readonly to: Int32Array
  readonly weight: Float64Array
}

export type Problem = Graph & {
  /** Number of parts. */
  readonly k: number
  /** Seats that a vertex takes; more than 1 for people who stay together. */
  readonly size: Int32Array
  /** `stay[v * k + p]`: what it is worth, in units of friendship, that v is in p. Moves are paid for in this. */
  readonly stay: Float64Array
  /** The only part where a vertex may be, or -1. */
  readonly fixed: Int32Array
  /** Seats of each part, and how many of them must be taken at least. */
  readonly most: Int32Array
  readonly least: Int32Array
}

/** The part of each vertex. */
export type Parts = Int32Array

// Reads past the end do not happen; without this every read of a typed array would need a check of its own.
export const at = (array: Int32Array | Float64Array | Uint8Array, i: number): number => array[i] as number

/** What a partition is worth: friendship within parts, and `stay`. Higher is better. */
export function worth(problem: Problem, parts: Parts): number {
  const { n, k, start, to, weight, stay } = problem
  let twice = 0
  let stays = 0
  for (let v = 0; v < n; v++) {
    const part = at(parts, v)
    stays += at(stay, v * k + part)
    for (let e = at(start, v); e < at(start, v + 1); e++) {
      if (at(parts, at(to, e)) === part) twice += at(weight, e)
    }
  }
  return twice / 2 + stays
}

export function loads(problem: Problem, parts: Parts): Int32Array {
  const load = new Int32Array(problem.k)
  for (let v = 0; v < problem.n; v++) {
    const part = at(parts, v)
    load[part] = at(load, part) + at(problem.size, v)
  }
  return load
}

/** How many seats are over or missing, in all parts together. 0: the partition is allowed. */
export function excess(problem: Problem, parts: Parts): number {
  const load = loads(problem, parts)
  let sum = 0
  for (let p = 0; p < problem.k; p++) {
    sum += Math.max(0, at(load, p) - at(problem.most, p)) + Math.max(0, at(problem.least, p) - at(load, p))
  }
  return sum
}
