// From members and instances to the problem that the search solves: who stays together is one vertex.
import { contract } from '../partition/coarsen.ts'
import type { Graph, Parts, Problem } from '../partition/problem.ts'
import type { Bounds } from './bounds.ts'
import type { Checked } from './check.ts'
import { type PlanInput, type PlannedMember, type PlanRefusal, refusePlan } from './input.ts'

export type Posed = {
  readonly problem: Problem
  /** The vertex of each member. */
  readonly of: Int32Array
  /** Where each vertex is now, -1 for nowhere. Of those who are not together yet, where the first of them is. */
  readonly begin: Parts
  /** Whether few moves matter more than all friendship. */
  readonly near: boolean
}

/** Less than any friendship, and not nothing: nobody goes to and fro for no gain. */
const EAGER = 1e-3

export function pose(
  { members, instances, index }: Checked,
  graph: Graph,
  bounds: Bounds,
  input: PlanInput,
): Posed | PlanRefusal {
  const n = members.length
  const k = instances.length
  const friendship = graph.weight.reduce((sum, weight) => sum + weight, 0) / 2
  // Three orders of magnitude, each above all of the one before: friendship, moves, moves of whom was moved lately.
  const lambda = input.lambda ?? friendship + 1
  const lately = lambda * n + friendship + 1
  const never = (lately + lambda) * n + friendship + 1

  const place = (ordinal: number | undefined) => (ordinal === undefined ? -1 : (index.get(ordinal) ?? -1))
  const fixed = Int32Array.from(members, ({ pinned }) => place(pinned))
  const homes = Int32Array.from(members, ({ home }) => place(home))
  const stay = new Float64Array(n * k)
  members.forEach((member, v) => {
    const home = homes[v] ?? -1
    const cools = (member.coolUntil ?? 0) > (input.now ?? 0)
    if (home >= 0) stay[v * k + home] = member.eager ? EAGER : lambda + (cools ? lately : 0)
    for (const i of bounds.staying) if (i !== home) stay[v * k + i] = -never
  })
  const whole: Problem = {
    ...graph,
    k,
    size: new Int32Array(n).fill(1),
    stay,
    fixed,
    most: bounds.most,
    least: bounds.least,
  }

  const label = joinSets(members, fixed)
  if ('kind' in label) return label
  const { problem, of } = contract(whole, label)
  const begin = new Int32Array(problem.n).fill(-1)
  for (let v = n - 1; v >= 0; v--) {
    const vertex = of[v] ?? 0
    const home = homes[v] ?? -1
    if (home >= 0 && (bounds.most[home] ?? 0) > 0) begin[vertex] = home
  }
  const largest = problem.size.reduce((top, size) => Math.max(top, size), 0)
  const widest = bounds.most.reduce((top, seats) => Math.max(top, seats), 0)
  if (largest > widest) {
    const why = `${largest} members want to live together, and no instance has more than ${widest} seats for them. Split them up, or raise a cap.`
    return refusePlan('together-exceeds-cap', 'members.together', why)
  }
  return { problem, of, begin, near: input.lambda === undefined || input.lambda > friendship }
}

/** A label for each member, the same for those who stay together. A pin of one of them pins them all. */
function joinSets(members: readonly PlannedMember[], fixed: Int32Array): Int32Array | PlanRefusal {
  const label = Int32Array.from(members.keys())
  const first = new Map<string, number>()
  const pin = new Map<string, number>()
  for (const [v, { together }] of members.entries()) {
    if (together === undefined) continue
    label[v] = first.get(together) ?? v
    first.set(together, label[v] ?? v)
    const own = fixed[v] ?? -1
    if (own < 0) continue
    if ((pin.get(together) ?? own) !== own) {
      const why =
        'members who want to live together are pinned to different instances. Take pins away, or separate them.'
      return refusePlan('together-pinned-apart', 'members.together', why, together)
    }
    pin.set(together, own)
  }
  for (const [v, { together }] of members.entries()) {
    if (together !== undefined) fixed[v] = pin.get(together) ?? -1
  }
  return label
}
