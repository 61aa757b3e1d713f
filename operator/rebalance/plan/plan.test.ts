import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seeded, shuffled } from '../partition/random.ts'
import { plantedPartition } from '../testing/graphs.ts'
import { inputs } from '../testing/inputs.ts'
import type { PlanInput } from './input.ts'
import { type Plan, plan } from './plan.ts'

/** Checks only what was not refused, and that enough was not. */
function everyPlan(check: (input: PlanInput, made: Plan) => void, numRuns = 150): void {
  let planned = 0
  fc.assert(
    fc.property(inputs, (input) => {
      const made = plan(input)
      if (made.kind === 'refusal') return
      planned++
      check(input, made)
    }),
    { numRuns },
  )
  expect(planned).toBeGreaterThan(numRuns / 8)
}

const sizes = (made: Plan): Map<number, number> => {
  const count = new Map<number, number>()
  for (const home of made.homes.values()) count.set(home, (count.get(home) ?? 0) + 1)
  return count
}

const expectPlan = (input: PlanInput): Plan => {
  const made = plan(input)
  if (made.kind === 'refusal') throw new Error(made.message)
  return made
}

test('caps and headroom hold, everybody has one home, pins and sets are respected, closing instances take nobody', () => {
  everyPlan(({ members, instances, headroom = 0 }, made) => {
    expect([...made.homes.keys()].sort()).toEqual(members.map(({ id }) => id).sort())
    const count = sizes(made)
    for (const { ordinal, cap, state } of instances) {
      const size = count.get(ordinal) ?? 0
      if (state === 'Active') expect(size).toBeLessThanOrEqual(Math.max(0, cap - headroom))
      else expect(size === 0 || made.undrained > 0).toBe(true)
    }
    const where = new Map<string, number | undefined>()
    for (const { id, home, pinned, together } of members) {
      const planned = made.homes.get(id)
      if (pinned !== undefined) expect(planned).toBe(pinned)
      if (together !== undefined) expect(where.get(together) ?? planned).toBe(planned)
      if (together !== undefined) where.set(together, planned)
      const state = instances.find(({ ordinal }) => ordinal === planned)?.state
      if (state !== 'Active') expect(home).toBe(planned)
    }
  })
})

test('the numbers are true: cut, moved, reasons, and never fewer moves than the lower bound', () => {
  everyPlan(({ members, edges }, made) => {
    let cut = 0
    let all = 0
    for (const { a, b, weight } of edges) {
      if (a !== b) all += weight
      if (made.homes.get(a) !== made.homes.get(b)) cut += weight
    }
    expect(made.cut).toBeCloseTo(cut, 6)
    expect(made.friendsKept).toBeCloseTo(all === 0 ? 1 : 1 - cut / all, 6)
    const moved = members.filter(({ id, home }) => home !== undefined && made.homes.get(id) !== home).length
    expect(made.moved).toBe(moved)
    expect(moved).toBeGreaterThanOrEqual(made.lowerBound)
    expect(Object.values(made.reasons).reduce((sum, count) => sum + count, 0)).toBe(moved)
  })
})

test('the order of members, edges, instances and ends of edges changes nothing', () => {
  everyPlan((input, made) => {
    const random = seeded(input.members.length)
    const mixed = <T>(list: readonly T[]): T[] =>
      [...shuffled(list.length, random)].flatMap((i) => list.slice(i, i + 1))
    const again = expectPlan({
      ...input,
      members: mixed(input.members),
      instances: mixed(input.instances),
      edges: mixed(input.edges).map(({ a, b, weight }) => ({ a: b, b: a, weight })),
    })
    expect([...again.homes]).toEqual([...made.homes])
    expect(again.order).toEqual(made.order)
    expect(again.cut).toBe(made.cut)
  }, 40)
})

/** Four full instances of 30, each a group of friends. */
function full(cap: number): PlanInput {
  const { ids, edges, group } = plantedPartition(4, 30, 10, 2, seeded('full'))
  return {
    members: ids.map((id, v) => ({ id, home: (group[v] ?? 0) + 1 })),
    edges,
    instances: [1, 2, 3, 4, 5].map((ordinal) => ({ ordinal, cap, state: 'Active' })),
  }
}

test('nobody moves where nothing has to', () => {
  expect(expectPlan(full(30))).toMatchObject({ moved: 0, lowerBound: 0, order: [] })
})

test('when a cap drops, as many move as are too many', () => {
  const made = expectPlan(full(24))
  expect(made).toMatchObject({ moved: 24, lowerBound: 24, reasons: { overflow: 24 } })
  expect(made.order).toHaveLength(24)
})

test('a new instance gets a group, not the one person without friends', () => {
  const { members, edges, instances } = full(30)
  const more = [...members.filter(({ home }) => home === 1), { id: 'alone' }]
  const known = new Set(more.map(({ id }) => id))
  const few = {
    members: more,
    edges: edges.filter(({ a, b }) => known.has(a) && known.has(b)),
    instances: instances.slice(0, 2),
  }
  expect(Math.min(...sizes(expectPlan(few)).values())).toBe(6)
  const homeless = { ...few, members: few.members.map(({ id }) => ({ id })) }
  expect(Math.min(...sizes(expectPlan(homeless)).values())).toBeGreaterThanOrEqual(6)
})

test('a group that lives scattered is brought together when friendship outweighs the moves', () => {
  const { ids, edges, group } = plantedPartition(3, 20, 8, 1, seeded('scattered'))
  const members = ids.map((id, v) => ({ id, home: (v % 3) + 1 }))
  const instances = [1, 2, 3].map((ordinal) => ({ ordinal, cap: 22, state: 'Active' as const }))
  const made = expectPlan({ members, edges, instances, lambda: 0.5 })
  const found = ids.map((id) => made.homes.get(id))
  ids.forEach((_, v) => {
    for (let u = 0; u < v; u++) expect(found[u] === found[v]).toBe(group[u] === group[v])
  })
  expect(expectPlan({ members, edges, instances, lambda: 100 }).moved).toBe(0)
})

test('who was moved lately moves only when there is nobody else', () => {
  const input = full(24)
  const cool = (share: number): PlanInput => ({
    ...input,
    now: 10,
    members: input.members.map((member, v) => (v % 30 < share ? { ...member, coolUntil: 20 } : member)),
  })
  for (const [share, unavoidable] of [
    [20, 0],
    [26, 8],
  ] as const) {
    const given = cool(share)
    const made = expectPlan(given)
    const lately = given.members.filter(
      ({ id, home, coolUntil }) => coolUntil !== undefined && made.homes.get(id) !== home,
    )
    expect(lately).toHaveLength(unavoidable)
    expect(made.moved).toBe(24)
  }
})

test('a draining instance ends empty, or as empty as the seats allow', () => {
  const input = full(30)
  const drain = (count: number): PlanInput => ({
    ...input,
    instances: input.instances
      .slice(0, count)
      .map((one) => (one.ordinal === 2 ? { ...one, state: 'Draining' } : { ...one, cap: 32 })),
  })
  const emptied = expectPlan(drain(5))
  expect(sizes(emptied).get(2)).toBeUndefined()
  expect(emptied).toMatchObject({ moved: 30, lowerBound: 30, undrained: 0, reasons: { closing: 30 } })
  const partly = expectPlan(drain(4))
  expect(partly).toMatchObject({ moved: 6, undrained: 24 })
  expect(sizes(partly).get(2)).toBe(24)
})

test('seats that are held for others are left to them', () => {
  const input = full(30)
  const made = expectPlan({
    ...input,
    instances: input.instances.map((one) => (one.ordinal === 5 ? { ...one, free: 26 } : { ...one, cap: 24 })),
  })
  expect(sizes(made).get(5)).toBe(24)
  const refused = plan({
    ...input,
    instances: input.instances.map((one) => (one.ordinal === 5 ? { ...one, free: 23 } : { ...one, cap: 24 })),
  })
  expect(refused).toMatchObject({ code: 'too-few-seats' })
})

test.each<[string, string, Partial<PlanInput>]>([
  ['too-few-seats', 'instances', { instances: [{ ordinal: 1, cap: 2, state: 'Active' }] }],
  ['no-headroom', 'headroom', { headroom: 2 }],
  ['bad-number', 'headroom', { headroom: 1.5 }],
  ['bad-number', 'lambda', { lambda: Number.NaN }],
  ['bad-number', 'edges.weight', { edges: [{ a: 'a', b: 'b', weight: -1 }] }],
  ['unknown-member', 'edges', { edges: [{ a: 'a', b: 'nobody', weight: 1 }] }],
  ['unknown-instance', 'members.home', { members: [{ id: 'a', home: 9 }] }],
  ['unknown-instance', 'members.pinned', { members: [{ id: 'a', pinned: 9 }] }],
  ['duplicate-member', 'members', { members: [{ id: 'a' }, { id: 'a' }] }],
  [
    'duplicate-instance',
    'instances',
    { instances: [1, 1].map((ordinal) => ({ ordinal, cap: 9, state: 'Active' })) },
  ],
  ['pins-exceed-cap', 'members.pinned', { members: ['a', 'b', 'c'].map((id) => ({ id, pinned: 1 })) }],
  ['pin-to-closing', 'members.pinned', { members: [{ id: 'a', pinned: 3 }] }],
  [
    'together-pinned-apart',
    'members.together',
    {
      members: [
        { id: 'a', pinned: 1, together: 'x' },
        { id: 'b', pinned: 2, together: 'x' },
      ],
    },
  ],
  [
    'together-exceeds-cap',
    'members.together',
    { members: ['a', 'b', 'c'].map((id) => ({ id, together: 'x' })) },
  ],
  [
    'together-does-not-fit',
    'members.together',
    {
      members: ['a', 'b', 'c', 'd', 'e', 'f'].map((id, i) => ({ id, together: `x${i >> 1}` })),
      instances: [3, 3].map((cap, ordinal) => ({ ordinal, cap, state: 'Active' })),
    },
  ],
  [
    'no-spare-seat',
    'instances',
    {
      members: [
        { id: 'a', home: 1, pinned: 2 },
        { id: 'b', home: 1 },
        { id: 'c', home: 2, pinned: 1 },
        { id: 'd', home: 2 },
      ],
    },
  ],
])('refused with %s, naming %s and the remedy', (code, field, change) => {
  const input: PlanInput = {
    members: ['a', 'b', 'c'].map((id) => ({ id })),
    edges: [],
    instances: [
      { ordinal: 1, cap: 2, state: 'Active' },
      { ordinal: 2, cap: 2, state: 'Active' },
      { ordinal: 3, cap: 2, state: 'Draining' },
    ],
    ...change,
  }
  const refused = plan(input)
  expect(refused).toMatchObject({ kind: 'refusal', code, field })
  if (refused.kind === 'refusal') expect(refused.message).toMatch(new RegExp(`^${field}: .+\\.$`))
})
