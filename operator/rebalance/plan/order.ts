// In which order members move so that every one of them finds a free seat: the cap holds at every moment.
import { type PlanRefusal, refusePlan } from './input.ts'

/** One member from one instance to another; ordinals. */
export type Move = { readonly member: string; readonly from: number; readonly to: number }

export type Seats = {
  readonly ordinal: number
  /** May be negative: more members than the cap that was lowered. */
  readonly free: number
  /** Whether somebody may be put there for a while. */
  readonly active: boolean
}

type Pending = Move & { readonly parked: boolean }

/**
 * Pure. The moves in an order in which each finds a free seat once those before it are done. Where full instances wait for
 * each other, one member goes to a spare seat first and so is moved twice. Refuses if there is none: the cap is never relaxed.
 * `moves` must end within the seats.
 */
export function orderMoves(moves: readonly Move[], seats: readonly Seats[]): Move[] | PlanRefusal {
  const free = new Map(seats.map((one) => [one.ordinal, one.free]))
  const active = new Set(seats.filter((one) => one.active).map((one) => one.ordinal))
  const room = (ordinal: number) => free.get(ordinal) ?? 0
  const waiting = groupByWay(moves)
  const order: Move[] = []

  const take = (way: Pending[]): Pending | undefined => {
    const next = way.pop()
    if (next === undefined) return undefined
    free.set(next.from, room(next.from) + 1)
    return next
  }
  const carry = (way: Pending[]) => {
    const next = take(way)
    if (next === undefined) return
    free.set(next.to, room(next.to) - 1)
    order.push({ member: next.member, from: next.from, to: next.to })
  }

  for (;;) {
    const ways = [...waiting.values()].filter((way) => way.length > 0)
    if (ways.length === 0) return order
    // Who leaves a closing instance frees no seat for the others, so they come last.
    const between = ways.filter((way) => way.some(({ from }) => active.has(from)))
    const ready = between.filter((way) => room(last(way).to) > 0)
    if (ready.length > 0) {
      carry(ready.reduce((best, way) => (before(last(way), last(best), room) ? way : best)))
      continue
    }
    if (between.length === 0) {
      const open = ways.find((way) => room(last(way).to) > 0)
      if (open === undefined) return noSpareSeat()
      carry(open)
      continue
    }
    const spare = [...active]
      .filter((ordinal) => room(ordinal) > 0)
      .sort((a, b) => room(b) - room(a) || a - b)[0]
    const knot = findKnot(between)
    const way =
      between.find((one) => last(one).from === knot && !last(one).parked) ??
      between.find((one) => last(one).from === knot)
    const next = way && spare !== undefined ? take(way) : undefined
    if (next === undefined || spare === undefined) return noSpareSeat()
    free.set(spare, room(spare) - 1)
    order.push({ member: next.member, from: next.from, to: spare })
    const rest = `${spare} ${next.to} parked`
    const parked = waiting.get(rest) ?? []
    parked.push({ member: next.member, from: spare, to: next.to, parked: true })
    waiting.set(rest, parked)
  }
}

const noSpareSeat = (): PlanRefusal =>
  refusePlan(
    'no-spare-seat',
    'instances',
    'full instances would swap members, and there is no free seat anywhere to swap through. Add an instance, raise a cap or plan with headroom.',
  )

/** Moves of the same way, the first by id at the end of the list. */
function groupByWay(moves: readonly Move[]): Map<string, Pending[]> {
  const ways = new Map<string, Pending[]>()
  const sorted = [...moves].sort(
    (a, b) => a.from - b.from || a.to - b.to || (a.member < b.member ? 1 : a.member > b.member ? -1 : 0),
  )
  for (const move of sorted) {
    const key = `${move.from} ${move.to}`
    const way = ways.get(key) ?? []
    way.push({ ...move, parked: false })
    ways.set(key, way)
  }
  return ways
}

function last(way: readonly Pending[]): Pending {
  const move = way.at(-1)
  if (move === undefined) throw new Error('a way without moves')
  return move
}

/** Whoever waits on a spare seat goes last, so that the seat they left serves as many as it can; then out of the fullest. */
function before(one: Pending, other: Pending, room: (ordinal: number) => number): boolean {
  if (one.parked !== other.parked) return other.parked
  return room(one.from) < room(other.from)
}

/**
 * An instance whose moves all lead, in the end, back to it: among those that wait for each other, one that is exactly full.
 * One that is over its cap has more who leave than come, so it leads to such a knot and is not in it.
 */
function findKnot(ways: readonly Pending[][]): number {
  const next = new Map<number, Set<number>>()
  for (const way of ways) {
    const { from, to } = last(way)
    next.set(from, (next.get(from) ?? new Set()).add(to))
  }
  const reach = (start: number): Set<number> => {
    const seen = new Set<number>()
    const stack = [start]
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      for (const to of next.get(node) ?? []) {
        if (seen.has(to)) continue
        seen.add(to)
        stack.push(to)
      }
    }
    return seen
  }
  const nodes = [...next.keys()].sort((a, b) => a - b)
  const knot = nodes.find((node) => {
    const there = reach(node)
    return there.has(node) && [...there].every((other) => reach(other).has(node))
  })
  if (knot === undefined)
    throw new Error('moves that wait for seats lead nowhere: they do not end within the seats')
  return knot
}

/**
 * Pure. Which moves of an order may start now, with at most `atMost` under way. `started` of the order have been started, and
 * `running` of them are under way; a seat is taken when a move starts and given back when it ends. With none under way
 * there is always one that may start.
 */
export function mayStart(
  order: readonly Move[],
  started: number,
  running: readonly Move[],
  free: (ordinal: number) => number,
  atMost: number,
): Move | undefined {
  const next = order[started]
  if (next === undefined || running.length >= atMost || free(next.to) < 1) return undefined
  // The second half of a move over a spare seat.
  return running.some(({ member }) => member === next.member) ? undefined : next
}
