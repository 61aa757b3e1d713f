// Makes a partition keep to the bounds, at the least loss of friendship that a greedy choice finds.
import { at, excess, type Parts, type Problem } from './problem.ts'
import { type Random, shuffled } from './random.ts'
import { ban, gainOf, makeState, move, type State, settle } from './tabu/state.ts'
import { leader } from './tabu/tournament.ts'

/** `undefined`: none was found. Without vertices larger than 1 one is always found, if there is any. */
export function repair(problem: Problem, initial: Parts, random: Random): Parts | undefined {
  if (excess(problem, initial) === 0) return Int32Array.from(initial)
  const state = makeState(problem, initial, random)
  let largest = 1
  for (let v = 0; v < problem.n; v++) largest = Math.max(largest, at(problem.size, v))
  empty(state, largest)
  fill(state, largest)
  if (excess(problem, state.parts) === 0) return state.parts
  return largest > 1 ? packed(problem, random) : undefined
}

/** Out of parts with too many. */
function empty(state: State, largest: number): void {
  const { problem, parts, load } = state
  const { n, k, most } = problem
  const over = (part: number) => at(load, part) > at(most, part)
  for (let v = 0; v < n; v++) if (state.banned[v] === 0 && !over(at(parts, v))) ban(state, v)
  for (;;) {
    let any = false
    for (let p = 0; p < k; p++) any ||= over(p)
    const v = leader(state.open.best)
    if (!any || state.open.best.key[v] === Number.NEGATIVE_INFINITY) return
    const from = at(parts, v)
    const target = at(state.open.target, v)
    ban(state, v)
    if (!over(from)) continue
    move(state, v, target)
    settle(state, from, largest)
    settle(state, target, largest)
  }
}

/** Into parts with too few. */
function fill(state: State, largest: number): void {
  const { problem, parts, load } = state
  const { n, k, most, least, size, fixed } = problem
  for (let p = 0; p < k; p++) {
    while (at(load, p) < at(least, p)) {
      let best = -1
      let top = Number.NEGATIVE_INFINITY
      for (let v = 0; v < n; v++) {
        const from = at(parts, v)
        const seats = at(size, v)
        if (from === p || at(fixed, v) >= 0 || at(load, from) - seats < at(least, from)) continue
        if (at(load, p) + seats > at(most, p)) continue
        const gain = gainOf(state, v, p)
        if (gain > top) {
          top = gain
          best = v
        }
      }
      if (best < 0) break
      const from = at(parts, best)
      move(state, best, p)
      settle(state, from, largest)
      settle(state, p, largest)
    }
  }
}

/** From nothing: the largest first, each where most is gained of where it fits; a few orders are tried. */
function packed(problem: Problem, random: Random): Parts | undefined {
  const { n, k, size, stay, fixed, most } = problem
  for (let attempt = 0; attempt < 20; attempt++) {
    const parts = new Int32Array(n).fill(-1)
    const room = Int32Array.from(most)
    const order = [...shuffled(n, random)].sort(
      (a, b) => Number(at(fixed, b) >= 0) - Number(at(fixed, a) >= 0) || at(size, b) - at(size, a),
    )
    for (const v of order) {
      let best = at(fixed, v)
      for (let p = 0; p < k && at(fixed, v) < 0; p++) {
        if (at(room, p) < at(size, v)) continue
        const better = best < 0 ? 1 : at(stay, v * k + p) - at(stay, v * k + best)
        // The first tries mind what is gained, the later ones only that all fit.
        if (attempt < 10 && better !== 0 ? better > 0 : best < 0 || at(room, p) < at(room, best)) best = p
      }
      if (best < 0) break
      parts[v] = best
      room[best] = at(room, best) - at(size, v)
    }
    if (parts.includes(-1)) continue
    const state = makeState(problem, parts, random)
    fill(state, Math.max(...size))
    if (excess(problem, state.parts) === 0) return state.parts
  }
  return undefined
}
