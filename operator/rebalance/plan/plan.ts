// The plan: who lives where, at the fewest moves for the friendship that is kept.
import { buildGraph, measure } from '../graph.ts'
import { at } from '../partition/problem.ts'
import { seeded } from '../partition/random.ts'
import { search } from '../partition/search.ts'
import { type Bounds, findBounds } from './bounds.ts'
import { type Checked, check } from './check.ts'
import { type PlanInput, type PlannedMember, type PlanRefusal, refusePlan } from './input.ts'
import { type Move, orderMoves } from './order.ts'
import { pose } from './problem.ts'

/** Why members move, as numbers: the first that applies counts. */
export type MoveReasons = {
  readonly pinned: number
  /** Out of an instance that is being emptied. */
  readonly closing: number
  /** To those they want to live with. */
  readonly together: number
  /** Out of an instance with more members than seats. */
  readonly overflow: number
  /** To fill a new instance to the smallest size, or because friendship gains more than the move costs. */
  readonly friends: number
}

export type Plan = {
  readonly kind: 'plan'
  /** The ordinal of everybody's instance, in the order of ids. */
  readonly homes: ReadonlyMap<string, number>
  /** The weight of friendships between instances, in the plan and now (of those who have a home). */
  readonly cut: number
  readonly cutBefore: number
  /** Of all friendship, the share within instances: 0 to 1. */
  readonly friendsKept: number
  /** Members whose home changes, and how many it would be at the least. */
  readonly moved: number
  readonly lowerBound: number
  readonly reasons: MoveReasons
  /** Members who stay in instances that should end empty, for want of seats. */
  readonly undrained: number
  /** Every step finds a free seat once those before it are done. More than `moved` where full instances swap. */
  readonly order: readonly Move[]
}

/** Pure: the same input gives the same plan, whatever its order. */
export function plan(input: PlanInput): Plan | PlanRefusal {
  const checked = check(input)
  if ('kind' in checked) return checked
  const { members, instances } = checked
  const graph = buildGraph(
    members.map(({ id }) => id),
    input.edges,
  )
  const solved = solve(checked, graph, input)
  if ('kind' in solved) return solved
  const { parts, bounds } = solved

  const ordinalOf = (i: number | undefined): number => instances[i ?? 0]?.ordinal ?? 0
  const homes = new Map(members.map(({ id }, v) => [id, ordinalOf(parts[v])]))
  const moves: Move[] = members.flatMap(({ id, home }) => {
    const to = homes.get(id) ?? 0
    return home === undefined || home === to ? [] : [{ member: id, from: home, to }]
  })
  const order = orderMoves(
    moves,
    instances.map(({ ordinal, cap, state }, i) => ({
      ordinal,
      free: cap - at(bounds.held, i) - at(bounds.now, i),
      active: state === 'Active',
    })),
  )
  if ('kind' in order) return order
  const { total, cut } = measure(graph, parts)
  const begin = Int32Array.from(members, ({ home }, v) =>
    home === undefined ? at(parts, v) : (checked.index.get(home) ?? 0),
  )
  return {
    kind: 'plan',
    homes,
    cut,
    cutBefore: measure(graph, begin).cut,
    friendsKept: total === 0 ? 1 : 1 - cut / total,
    moved: moves.length,
    lowerBound: bounds.lowerBound,
    reasons: countReasons(checked, bounds, moves),
    undrained: bounds.staying.reduce((sum, i) => sum + at(bounds.most, i), 0),
    order,
  }
}

/**
 * What the size deserves: some 10 ms for fifty members, at most 4 s for thousands. The operator gives plans no other
 * effort, and the benchmark measures this one; with a third of it cuts of thousands are no longer within 1.02 of the best.
 */
const enough = (members: number, edges: number): number =>
  Math.min(260e6, 2e6 + 150e3 * members + 1e3 * edges)

type Solved = { readonly parts: Int32Array; readonly bounds: Bounds }

/** With the smallest group and as few instances as possible; where those who stay together do not fit so, with less care. */
function solve(
  checked: Checked,
  graph: ReturnType<typeof buildGraph>,
  input: PlanInput,
): Solved | PlanRefusal {
  const headroom = input.headroom ?? 0
  for (const [all, grouped] of [
    [false, true],
    [false, false],
    [true, false],
  ] as const) {
    const bounds = findBounds(checked, headroom, all)
    if ('kind' in bounds) return bounds
    if (!grouped) bounds.least.fill(0)
    const posed = pose(checked, graph, bounds, input)
    if ('kind' in posed) {
      if (posed.code === 'together-exceeds-cap' && !all) continue
      return posed
    }
    const { problem, of, begin, near } = posed
    const work = input.work ?? enough(problem.n, problem.to.length / 2)
    const hasHomes = begin.some((part) => part >= 0)
    const options = { work, ...(hasHomes ? { begin, near } : {}) }
    const found = search(problem, options, seeded(input.seed ?? 1))
    if (found === undefined) continue
    const parts = Int32Array.from(of, (vertex) => at(found, vertex))
    // The search avoids newcomers in closing instances at any price, but pays it where sets leave no other way.
    const intrudes = ({ home }: PlannedMember, v: number) =>
      bounds.staying.includes(at(parts, v)) && (home === undefined || checked.index.get(home) !== parts[v])
    if (!checked.members.some(intrudes)) return { parts, bounds }
  }
  return refusePlan(
    'together-does-not-fit',
    'members.together',
    'the seats suffice, but not for those who want to live together. Split some up, add an instance or raise a cap.',
  )
}

function countReasons(checked: Checked, bounds: Bounds, moves: readonly Move[]): MoveReasons {
  const reasons = { pinned: 0, closing: 0, together: 0, overflow: 0, friends: 0 }
  const over = Array.from(bounds.now, (now, i) => Math.max(0, now - at(bounds.most, i)))
  const homesOf = new Map<string, Set<number>>()
  for (const { together, home } of checked.members) {
    if (together !== undefined && home !== undefined) {
      homesOf.set(together, (homesOf.get(together) ?? new Set()).add(home))
    }
  }
  const member = new Map(checked.members.map((one) => [one.id, one]))
  for (const { member: id, from } of moves) {
    const { pinned, together } = member.get(id) ?? {}
    const i = checked.index.get(from) ?? 0
    const left = over[i] ?? 0
    const reason: keyof MoveReasons =
      pinned !== undefined
        ? 'pinned'
        : checked.instances[i]?.state !== 'Active'
          ? 'closing'
          : together !== undefined && (homesOf.get(together)?.size ?? 0) > 1
            ? 'together'
            : left > 0
              ? 'overflow'
              : 'friends'
    if (reason === 'overflow') over[i] = left - 1
    reasons[reason]++
  }
  return reasons
}
