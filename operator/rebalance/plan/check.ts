// Whether the input makes sense by itself. What needs counting is looked at in `bounds.ts`.
import {
  type PlanInput,
  type PlannedInstance,
  type PlannedMember,
  type PlanRefusal,
  refusePlan,
} from './input.ts'

/** Sorted, so that the order of the input changes nothing. */
export type Checked = {
  readonly members: readonly PlannedMember[]
  readonly instances: readonly PlannedInstance[]
  /** Where in `instances` an ordinal is. */
  readonly index: ReadonlyMap<number, number>
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

export function check(input: PlanInput): Checked | PlanRefusal {
  const bad = badNumber(input)
  if (bad !== undefined) return bad
  const instances = [...input.instances].sort((a, b) => a.ordinal - b.ordinal)
  const index = new Map(instances.map(({ ordinal }, i) => [ordinal, i]))
  if (index.size < instances.length) {
    return refusePlan(
      'duplicate-instance',
      'instances',
      'an ordinal is there twice. Give every instance once.',
    )
  }
  // By code units: the same on every machine, whatever its language.
  const members = [...input.members].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  const ids = new Set<string>()
  for (const { id, home, pinned } of members) {
    if (ids.has(id)) {
      return refusePlan('duplicate-member', 'members', 'an id is there twice. Give every member once.', id)
    }
    ids.add(id)
    for (const [field, ordinal] of [
      ['home', home],
      ['pinned', pinned],
    ] as const) {
      if (ordinal === undefined || index.has(ordinal)) continue
      const why = `there is no instance ${ordinal}. Add it to instances, or correct the ordinal.`
      return refusePlan('unknown-instance', `members.${field}`, why, id)
    }
  }
  for (const { a, b } of input.edges) {
    const unknown = ids.has(a) ? (ids.has(b) ? undefined : b) : a
    if (unknown === undefined) continue
    const why = 'an edge names somebody who is not in members. Add them, or leave the edge out.'
    return refusePlan('unknown-member', 'edges', why, unknown)
  }
  return { members, instances, index }
}

function badNumber(input: PlanInput): PlanRefusal | undefined {
  const refuse = (field: string, wanted: string) => refusePlan('bad-number', field, `must be ${wanted}.`)
  for (const { ordinal, cap, free } of input.instances) {
    if (!isCount(ordinal)) return refuse('instances.ordinal', 'a whole number, 0 or more')
    if (!isCount(cap)) return refuse('instances.cap', 'a whole number, 0 or more')
    if (free !== undefined && !isCount(free)) return refuse('instances.free', 'a whole number, 0 or more')
  }
  if (input.headroom !== undefined && !isCount(input.headroom))
    return refuse('headroom', 'a whole number, 0 or more')
  const { lambda, work, seed } = input
  if (lambda !== undefined && !(lambda >= 0 && lambda <= MOST)) return refuse('lambda', `from 0 to ${MOST}`)
  if (work !== undefined && !(work >= 0)) return refuse('work', '0 or more')
  if (seed !== undefined && !Number.isFinite(seed)) return refuse('seed', 'a number')
  for (const { weight } of input.edges) {
    if (!(weight >= 0 && weight <= MOST)) return refuse('edges.weight', `from 0 to ${MOST}`)
  }
  return undefined
}

/** Above, sums of weights would no longer tell one friendship more or less. */
const MOST = 1e6
