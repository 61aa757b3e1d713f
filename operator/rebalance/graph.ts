// The graph of a community's friendships: members by opaque id, ties by weight.
import { at, type Graph } from './partition/problem.ts'

/** A tie between two members. The order of the two does not matter; several ties of the same two are added. */
export type Edge = { readonly a: string; readonly b: string; readonly weight: number }

/** What two members did with each other. Counts are of both directions together, over the time that the caller chose. */
export type Contact = {
  /** How many of the two follow the other: 0, 1 or 2. */
  readonly follows: 0 | 1 | 2
  readonly replies: number
  readonly boosts: number
}

const FOLLOW_WORTH = [0, 1, 3] as const

/**
 * The weight of a tie: 3 for following each other, 1 for one of the two, and the natural logarithm of 1 + replies +
 * boosts, so that two chatty people do not outweigh a circle of friends.
 */
export const weigh = ({ follows, replies, boosts }: Contact): number =>
  FOLLOW_WORTH[follows] + Math.log1p(replies + boosts)

/**
 * The graph of `ids`, which must be sorted and without repetition; the same whatever the order of the edges. Ties with
 * oneself and of weight 0 are left out. Throws if an edge names nobody in `ids`.
 */
export function buildGraph(ids: readonly string[], edges: readonly Edge[]): Graph {
  const number = new Map(ids.map((id, i) => [id, i]))
  const find = (id: string): number => {
    const found = number.get(id)
    if (found === undefined) throw new Error('an edge names a member that is not in the list')
    return found
  }
  const n = ids.length
  const ties = edges
    .filter(({ a, b, weight }) => a !== b && weight > 0)
    .map(({ a, b, weight }) => {
      const [one, other] = [find(a), find(b)]
      return { low: Math.min(one, other), high: Math.max(one, other), weight }
    })
    // By weight too: a sum of fractions depends on the order.
    .sort((one, other) => one.low - other.low || one.high - other.high || one.weight - other.weight)
  const merged: { low: number; high: number; weight: number }[] = []
  for (const tie of ties) {
    const last = merged.at(-1)
    if (last !== undefined && last.low === tie.low && last.high === tie.high) last.weight += tie.weight
    else merged.push({ ...tie })
  }
  const start = new Int32Array(n + 1)
  for (const { low, high } of merged) {
    start[low + 1] = at(start, low + 1) + 1
    start[high + 1] = at(start, high + 1) + 1
  }
  for (let v = 0; v < n; v++) start[v + 1] = at(start, v + 1) + at(start, v)
  const fill = start.slice()
  const to = new Int32Array(2 * merged.length)
  const weight = new Float64Array(2 * merged.length)
  const put = (from: number, target: number, w: number) => {
    const i = at(fill, from)
    to[i] = target
    weight[i] = w
    fill[from] = i + 1
  }
  for (const { low, high, weight: w } of merged) {
    put(low, high, w)
    put(high, low, w)
  }
  return { n, start, to, weight }
}

/** All friendship, and how much of it is between members of different parts. */
export function measure(graph: Graph, parts: Int32Array): { readonly total: number; readonly cut: number } {
  let total = 0
  let cut = 0
  for (let v = 0; v < graph.n; v++) {
    for (let e = at(graph.start, v); e < at(graph.start, v + 1); e++) {
      const u = at(graph.to, e)
      if (u < v) continue
      total += at(graph.weight, e)
      if (parts[u] !== parts[v]) cut += at(graph.weight, e)
    }
  }
  return { total, cut }
}
