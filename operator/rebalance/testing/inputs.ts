// Inputs of the planner for property tests: small communities of any shape.
import fc from 'fast-check'
import type { PlanInput, PlannedInstance } from '../plan/input.ts'

const states = fc.constantFrom('Active', 'Active', 'Active', 'Draining', 'Retired')

/** Often more members than fit, pins that contradict, and the like: the planner may refuse. */
export const inputs: fc.Arbitrary<PlanInput> = fc
  .record({ n: fc.integer({ min: 0, max: 40 }), k: fc.integer({ min: 1, max: 5 }) })
  .chain(({ n, k }) => {
    const ordinal = fc.integer({ min: 1, max: k })
    const sometimes = <T>(value: fc.Arbitrary<T>, freq: number) => fc.option(value, { nil: undefined, freq })
    const member = fc.record({
      home: sometimes(ordinal, 8),
      pinned: fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: ordinal }),
      together: fc.oneof(
        { weight: 6, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constantFrom('x', 'y', 'z') },
      ),
      coolUntil: sometimes(fc.constantFrom(5, 15), 1),
    })
    const tie = fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 5 }))
    return fc.record({
      members: fc.array(member, { minLength: n, maxLength: n }),
      ties: fc.array(tie, { maxLength: 4 * n }),
      shapes: fc.array(fc.record({ state: states, spread: fc.integer({ min: 0, max: 8 }) }), {
        minLength: k,
        maxLength: k,
      }),
      headroom: fc.integer({ min: 0, max: 2 }),
      lambda: sometimes(fc.integer({ min: 0, max: 6 }), 1),
    })
  })
  .map(({ members, ties, shapes, headroom, lambda }) => {
    const n = members.length
    const name = (i: number) => `m${i % Math.max(1, n)}`
    const instances: PlannedInstance[] = shapes.map(({ state, spread }, i) => ({
      ordinal: i + 1,
      cap: Math.ceil(n / shapes.length) + spread,
      state,
    }))
    return {
      members: members.map((member, i) => ({ id: name(i), ...defined(member) })),
      edges: ties.map(([a, b, weight]) => ({ a: name(a), b: name(b), weight })),
      instances,
      headroom,
      now: 10,
      work: 2e5,
      ...defined({ lambda }),
    }
  })

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

const defined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Defined<T>
