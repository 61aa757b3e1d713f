// One descent: the problem is made small, solved, and given back its detail step by step, improved at each.
import { cluster, contract } from './coarsen.ts'
import { grow } from './grow.ts'
import { at, type Parts, type Problem, worth } from './problem.ts'
import type { Random } from './random.ts'
import { repair } from './repair.ts'
import { type Effort, tabu } from './tabu/tabu.ts'

export type Tally = { work: number }

export type Descent = {
  /** Where to begin; without, regions are grown on the smallest problem. */
  readonly from?: Parts
  /** Nobody becomes one with whom one of these puts elsewhere. Has `from` in it, if there is one. */
  readonly apart: readonly Parts[]
  readonly effort: (n: number) => Effort
}

/** An allowed partition, or `undefined` if none was found. */
export function descend(problem: Problem, descent: Descent, random: Random, tally: Tally): Parts | undefined {
  const levels: { problem: Problem; of: Int32Array }[] = []
  const { k, most } = problem
  const seats = most.reduce((sum, cap) => sum + cap, 0)
  // The largest vertices, as a share of an instance. What two partitions agree on may be moved about in big pieces.
  const pieces = descent.from === undefined ? 3 + 5 * random() : 1 + 3 * random()
  const last = Math.max(1, Math.floor(seats / k / pieces))
  let current = problem
  let apart = descent.apart
  let from = descent.from
  // From an allowed partition the bounds can hold at every level. Where there is hardly a seat to spare nothing could move
  // then, so half of the descents loosen them a little.
  const share = from === undefined ? 1 : random() < 0.5 ? 0.3 : 0
  for (let limit = Math.min(last, 4); ; limit = Math.min(last, limit * 6)) {
    if (current.n <= Math.max(4 * k, 60)) break
    const coarse = contract(current, cluster(current, limit, apart, random))
    tally.work += 8 * current.to.length + current.n * k
    const shrunk = coarse.problem.n < 0.95 * current.n
    if (shrunk) {
      const project = (parts: Parts) => {
        const smaller = new Int32Array(coarse.problem.n)
        for (let v = 0; v < parts.length; v++) smaller[at(coarse.of, v)] = at(parts, v)
        return smaller
      }
      levels.push({ problem: current, of: coarse.of })
      apart = apart.map(project)
      from = from && project(from)
      current = coarse.problem
    }
    if (limit === last) break
  }

  const context = { effort: descent.effort, random, tally }
  const finest = levels.length === 0
  let parts = first(current, finest ? 0 : share, from, finest ? 1 : STARTS, context)
  for (let i = levels.length - 1; i >= 0 && parts !== undefined; i--) {
    const level = levels[i]
    if (level === undefined) break
    const coarse = parts
    const projected = Int32Array.from(level.of, (c) => at(coarse, c))
    parts = improve(level.problem, i === 0 ? 0 : share, projected, context)
  }
  return parts
}

/** Regions grown on the smallest problem, where trying is cheap and a bad beginning costs most. */
const STARTS = 16

type Context = {
  readonly effort: Descent['effort']
  readonly random: Random
  readonly tally: Tally
}

function first(
  problem: Problem,
  share: number,
  from: Parts | undefined,
  starts: number,
  context: Context,
): Parts | undefined {
  if (from !== undefined) return improve(problem, share, from, context)
  let best: Parts | undefined
  for (let i = 0; i < starts; i++) {
    context.tally.work += problem.n * problem.n + problem.to.length
    const parts = improve(problem, share, grow(problem, undefined, context.random), context)
    if (parts === undefined) continue
    if (best === undefined || worth(problem, parts) > worth(problem, best)) best = parts
  }
  return best
}

function improve(
  problem: Problem,
  share: number,
  parts: Parts,
  { effort, random, tally }: Context,
): Parts | undefined {
  const bounded = share === 0 ? problem : loosened(problem, share)
  const allowed = repair(bounded, parts, random)
  if (allowed === undefined) return undefined
  const better = tabu(bounded, allowed, effort(problem.n), random)
  tally.work += better.work
  return better.parts
}

/** Coarse vertices do not pack well, so the bounds give by a share of the largest one until there is detail again. */
function loosened(problem: Problem, share: number): Problem {
  const largest = problem.size.reduce((most, seats) => Math.max(most, seats), 1)
  const give = Math.ceil(share * (largest - 1))
  return {
    ...problem,
    most: problem.most.map((cap) => (cap === 0 ? 0 : cap + give)),
    least: problem.least.map((bound) => Math.max(0, bound - give)),
  }
}
