// A partition being searched: who is where, what each vertex would gain elsewhere, and where there is room for it.
import { at, loads, type Parts, type Problem } from '../problem.ts'
import type { Random } from '../random.ts'
import { makeTournament, setKey, type Tournament } from './tournament.ts'

export type State = {
  readonly problem: Problem
  readonly parts: Parts
  readonly load: Int32Array
  /** Friendship of v with part p, and its `stay`, at `v * k + p`. */
  readonly tie: Float64Array
  /** Members of each part, `count[p]` of them, and where in its list each vertex is. */
  readonly list: readonly Int32Array[]
  readonly count: Int32Array
  readonly place: Int32Array
  /** Free seats of each part, as last told to the two races below. */
  readonly slack: Int32Array
  /** The best gain of each vertex among parts with room for it, and among parts without. */
  readonly open: Race
  readonly shut: Race
  /** 1: takes no part in the races, because it is fixed or was moved lately. */
  readonly banned: Uint8Array
  /** Tiny numbers that settle ties at random. */
  readonly jitter: Float64Array
  /** Grows with the time spent, and depends on nothing but the work done. */
  work: number
}

export type Race = { readonly gain: Float64Array; readonly target: Int32Array; readonly best: Tournament }

const NONE = Number.NEGATIVE_INFINITY
const makeRace = (n: number): Race => ({
  gain: new Float64Array(n).fill(NONE),
  target: new Int32Array(n).fill(-1),
  best: makeTournament(n),
})

export function makeState(problem: Problem, initial: Parts, random: Random): State {
  const { n, k, start, to, weight, stay, most, fixed } = problem
  const parts = Int32Array.from(initial)
  const load = loads(problem, parts)
  const tie = Float64Array.from(stay)
  const count = new Int32Array(k)
  const place = new Int32Array(n)
  const list = Array.from({ length: k }, () => new Int32Array(n))
  for (let v = 0; v < n; v++) {
    const part = at(parts, v)
    for (let e = at(start, v); e < at(start, v + 1); e++) {
      const i = v * k + at(parts, at(to, e))
      tie[i] = at(tie, i) + at(weight, e)
    }
    place[v] = at(count, part)
    listOf(list, part)[at(place, v)] = v
    count[part] = at(count, part) + 1
  }
  const slack = Int32Array.from(load, (taken, p) => at(most, p) - taken)
  const banned = Uint8Array.from(fixed, (part) => (part >= 0 ? 1 : 0))
  const jitter = Float64Array.from({ length: n }, () => random() * 1e-7)
  const races = { open: makeRace(n), shut: makeRace(n) }
  const state: State = {
    problem,
    parts,
    load,
    tie,
    list,
    count,
    place,
    slack,
    ...races,
    banned,
    jitter,
    work: 0,
  }
  for (let v = 0; v < n; v++) look(state, v)
  state.work += n * k + to.length
  return state
}

export const listOf = (list: readonly Int32Array[], part: number): Int32Array => list[part] as Int32Array

/** What v gains by going to `part`, all others staying. */
export const gainOf = ({ tie, parts, problem: { k } }: State, v: number, part: number): number =>
  at(tie, v * k + part) - at(tie, v * k + at(parts, v))

function enter(state: State, race: Race, v: number, gain: number, target: number): void {
  race.gain[v] = gain
  race.target[v] = target
  if (state.banned[v] === 0) setKey(race.best, v, gain + at(state.jitter, v))
}

/** Looks anew at all parts for v. */
function look(state: State, v: number): void {
  const { problem, parts, tie, slack } = state
  const { k, size } = problem
  const home = at(parts, v)
  const own = at(tie, v * k + home)
  const seats = at(size, v)
  let open = NONE
  let shut = NONE
  let openTo = -1
  let shutTo = -1
  for (let p = 0; p < k; p++) {
    if (p === home) continue
    const gain = at(tie, v * k + p) - own
    if (seats <= at(slack, p)) {
      if (gain > open) {
        open = gain
        openTo = p
      }
    } else if (gain > shut) {
      shut = gain
      shutTo = p
    }
  }
  enter(state, state.open, v, open, openTo)
  enter(state, state.shut, v, shut, shutTo)
  state.work += k
}

/** Takes v out of the races, or lets it in again. */
export function ban(state: State, v: number): void {
  state.banned[v] = 1
  setKey(state.open.best, v, NONE)
  setKey(state.shut.best, v, NONE)
}

export function unban(state: State, v: number): void {
  state.banned[v] = 0
  setKey(state.open.best, v, at(state.open.gain, v) + at(state.jitter, v))
  setKey(state.shut.best, v, at(state.shut.gain, v) + at(state.jitter, v))
}

/** Moves v. Call `settle` on both parts before the races are read again. */
export function move(state: State, v: number, target: number): void {
  const { problem, parts, load, list, count, place, tie } = state
  const { k, start, to, weight, size } = problem
  const from = at(parts, v)
  const leaving = listOf(list, from)
  const last = at(leaving, at(count, from) - 1)
  leaving[at(place, v)] = last
  place[last] = at(place, v)
  count[from] = at(count, from) - 1
  listOf(list, target)[at(count, target)] = v
  place[v] = at(count, target)
  count[target] = at(count, target) + 1
  load[from] = at(load, from) - at(size, v)
  load[target] = at(load, target) + at(size, v)
  parts[v] = target
  const end = at(start, v + 1)
  for (let e = at(start, v); e < end; e++) {
    const u = at(to, e)
    const w = at(weight, e)
    tie[u * k + from] = at(tie, u * k + from) - w
    tie[u * k + target] = at(tie, u * k + target) + w
    follow(state, u, from, target, w)
  }
  look(state, v)
  state.work += 6 * (end - at(start, v)) + 20
}

/** Brings the races up to date for u, a neighbour of what went from `from` to `target`. Looks at all parts only if it must. */
function follow(state: State, u: number, from: number, target: number, w: number): void {
  const { parts, open, shut, slack, tie, problem } = state
  const home = at(parts, u)
  if (open.target[u] === from || shut.target[u] === from) {
    look(state, u)
    return
  }
  // All gains of u change alike when the friend came to it or left it.
  const shift = home === from ? w : home === target ? -w : 0
  if (shift !== 0) {
    if (at(open.target, u) >= 0) enter(state, open, u, at(open.gain, u) + shift, at(open.target, u))
    if (at(shut.target, u) >= 0) enter(state, shut, u, at(shut.gain, u) + shift, at(shut.target, u))
  }
  if (home === target) return
  const { k, size } = problem
  const gain = at(tie, u * k + target) - at(tie, u * k + home)
  const race = at(size, u) <= at(slack, target) ? open : shut
  if (race.target[u] === target || gain > at(race.gain, u)) enter(state, race, u, gain, target)
}

/** Tells the races how much room `part` has now. Costly only when somebody who found room no longer does, or the reverse. */
export function settle(state: State, part: number, largest: number): void {
  const { problem, load, parts, slack, open, shut, tie } = state
  const { n, k, size, most } = problem
  const before = at(slack, part)
  const now = at(most, part) - at(load, part)
  slack[part] = now
  if (before === now || (before >= largest && now >= largest) || (before < 1 && now < 1)) return
  const low = Math.min(before, now)
  const high = Math.max(before, now)
  const [loses, wins] = now < before ? [open, shut] : [shut, open]
  for (let v = 0; v < n; v++) {
    const seats = at(size, v)
    if (seats <= low || seats > high || parts[v] === part) continue
    if (loses.target[v] === part) look(state, v)
    else {
      const gain = at(tie, v * k + part) - at(tie, v * k + at(parts, v))
      if (gain > at(wins.gain, v)) enter(state, wins, v, gain, part)
    }
  }
  state.work += 2 * n
}
