// Tabu search: always the best allowed step, even a bad one, and never soon back. A step is a move into a part with
// room, a swap, or a push: into a full part, from which somebody goes on to a third.

import { at, type Parts, type Problem } from '../problem.ts'
import { pick, type Random } from '../random.ts'
import { bestExchange } from './exchange.ts'
import { ban, gainOf, makeState, move, type State, settle, unban } from './state.ts'
import { leader, setKey } from './tournament.ts'

export type Effort = {
  /** Steps without an improvement after which the search ends. */
  readonly patience: number
  /** Vertices that want into full parts and are looked at in each step. */
  readonly breadth: number
}

export type Improved = { readonly parts: Parts; readonly gained: number; readonly work: number }

type Step = { gain: number; v: number; target: number; other: number; otherTo: number }

const EPSILON = 1e-7

/** Improves an allowed partition, which stays allowed. Same random numbers, same result. */
export function tabu(problem: Problem, initial: Parts, effort: Effort, random: Random): Improved {
  const { n, size } = problem
  const state = makeState(problem, initial, random)
  let largest = 1
  for (let v = 0; v < n; v++) largest = Math.max(largest, at(size, v))
  const search = {
    state,
    largest,
    ties: new Float64Array(n),
    popped: new Int32Array(effort.breadth),
    breadth: effort.breadth,
  }
  const free = n - state.banned.reduce((sum, banned) => sum + banned, 0)
  // A tenure near the number of vertices would forbid everything.
  const shortest = Math.min(8, free >> 3)
  const spread = Math.min(Math.max(2, free >> 5), 60, free >> 1) + 1
  const bans = makeBans(state, shortest + spread + 1)

  let total = 0
  let best = 0
  // What was moved since the best partition, and from where, to come back to it.
  let journal: number[] = []
  for (let idle = 0; idle < effort.patience; idle++) {
    bans.tick()
    const step = choose(search)
    if (step === undefined) {
      if (bans.waiting() === 0) break
      continue
    }
    const from = at(state.parts, step.v)
    journal.push(step.v, from)
    move(state, step.v, step.target)
    bans.add(step.v, shortest + pick(random, spread))
    if (step.other >= 0) {
      journal.push(step.other, step.target)
      move(state, step.other, step.otherTo)
      bans.add(step.other, shortest + pick(random, spread))
      settle(state, step.otherTo, largest)
    }
    settle(state, from, largest)
    settle(state, step.target, largest)
    total += step.gain
    if (total > best + EPSILON) {
      best = total
      journal = []
      idle = -1
    }
  }
  const parts = Int32Array.from(state.parts)
  for (let i = journal.length - 2; i >= 0; i -= 2) parts[journal[i] ?? 0] = journal[i + 1] ?? 0
  return { parts, gained: best, work: state.work }
}

type Search = {
  readonly state: State
  readonly largest: number
  readonly ties: Float64Array
  readonly popped: Int32Array
  readonly breadth: number
}

function choose({ state, ties, popped, breadth }: Search): Step | undefined {
  const { parts, open, shut, load, problem } = state
  let best: Step | undefined
  const exchange = (v: number, target: number) => {
    const found = bestExchange(state, v, target, ties)
    if (found !== undefined && (best === undefined || found.gain > best.gain)) {
      best = { gain: found.gain, v, target, other: found.other, otherTo: found.otherTo }
    }
  }
  // Who may not leave because their part would be too small is passed over, and may swap.
  let taken = 0
  while (taken < breadth) {
    const v = leader(open.best)
    if (open.best.key[v] === Number.NEGATIVE_INFINITY) break
    const part = at(parts, v)
    const target = at(open.target, v)
    if (at(load, part) - at(problem.size, v) >= at(problem.least, part)) {
      const gain = gainOf(state, v, target)
      if (best === undefined || gain > best.gain) best = { gain, v, target, other: -1, otherTo: -1 }
      break
    }
    exchange(v, target)
    popped[taken++] = v
    setKey(open.best, v, Number.NEGATIVE_INFINITY)
  }
  while (taken > 0) {
    const v = at(popped, --taken)
    setKey(open.best, v, at(open.gain, v) + at(state.jitter, v))
  }
  while (taken < breadth) {
    const v = leader(shut.best)
    if (shut.best.key[v] === Number.NEGATIVE_INFINITY) break
    exchange(v, at(shut.target, v))
    popped[taken++] = v
    setKey(shut.best, v, Number.NEGATIVE_INFINITY)
  }
  while (taken > 0) {
    const v = at(popped, --taken)
    setKey(shut.best, v, at(shut.gain, v) + at(state.jitter, v))
  }
  return best
}

/** Who may not move for a while: a ring of lists, one for each coming step. */
function makeBans(state: State, length: number) {
  const ring: number[][] = Array.from({ length: length + 1 }, () => [])
  let now = 0
  let banned = 0
  return {
    tick() {
      now = (now + 1) % ring.length
      const due = ring[now] ?? []
      banned -= due.length
      for (const v of due) unban(state, v)
      due.length = 0
    },
    add(v: number, steps: number) {
      if (steps < 1) return
      ban(state, v)
      banned++
      ring[(now + steps + 1) % ring.length]?.push(v)
    },
    waiting: () => banned,
  }
}
