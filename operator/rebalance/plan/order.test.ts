import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Move, mayStart, orderMoves } from './order.ts'

type Case = { homes: number[]; goals: number[]; caps: number[]; closing: number; concurrent: number }

/** People with a home and a goal each; caps under which the goals are allowed, often without a seat to spare. */
const cases: fc.Arbitrary<Case> = fc
  .record({ n: fc.integer({ min: 1, max: 30 }), k: fc.integer({ min: 2, max: 6 }) })
  .chain(({ n, k }) =>
    fc.record({
      homes: fc.array(fc.nat(k - 1), { minLength: n, maxLength: n }),
      wishes: fc.array(fc.nat(k - 1), { minLength: n, maxLength: n }),
      spare: fc.array(fc.constantFrom(0, 0, 0, 1), { minLength: k, maxLength: k }),
      lowered: fc.array(fc.boolean(), { minLength: k, maxLength: k }),
      closing: fc.integer({ min: -3, max: k - 1 }),
      concurrent: fc.integer({ min: 1, max: 4 }),
    }),
  )
  .map(({ homes, wishes, spare, lowered, closing, concurrent }) => {
    const goals = wishes.map((wish) => (wish === closing ? (wish + 1) % spare.length : wish))
    const count = (list: number[], i: number) => list.filter((one) => one === i).length
    const caps = spare.map(
      (more, i) => (lowered[i] ? count(goals, i) : Math.max(count(homes, i), count(goals, i))) + more,
    )
    return { homes, goals, caps, closing, concurrent }
  })

const movesOf = ({ homes, goals }: Case): Move[] =>
  homes.flatMap((from, v) => (from === goals[v] ? [] : [{ member: `m${v}`, from, to: goals[v] ?? 0 }]))

const seatsOf = ({ homes, caps, closing }: Case) =>
  caps.map((cap, ordinal) => ({
    ordinal,
    free: cap - homes.filter((home) => home === ordinal).length,
    active: ordinal !== closing,
  }))

test('replayed, at most so many at once, no cap is exceeded and everybody ends where they should', () => {
  let ordered = 0
  fc.assert(
    fc.property(cases, fc.infiniteStream(fc.nat()), (given, choices) => {
      const order = orderMoves(movesOf(given), seatsOf(given))
      if (!Array.isArray(order)) return
      ordered++
      const free = new Map(seatsOf(given).map((one) => [one.ordinal, one.free]))
      const at = new Map(given.homes.map((home, v) => [`m${v}`, home]))
      const running: Move[] = []
      let started = 0
      while (started < order.length || running.length > 0) {
        const next = mayStart(order, started, running, (ordinal) => free.get(ordinal) ?? 0, given.concurrent)
        if (next !== undefined) {
          expect(at.get(next.member)).toBe(next.from)
          const left = (free.get(next.to) ?? 0) - 1
          expect(left).toBeGreaterThanOrEqual(0)
          free.set(next.to, left)
          running.push(next)
          started++
          continue
        }
        const [ended] = running.splice((choices.next().value ?? 0) % running.length, 1)
        if (ended === undefined) throw new Error('nothing runs and nothing may start')
        free.set(ended.from, (free.get(ended.from) ?? 0) + 1)
        at.set(ended.member, ended.to)
      }
      expect([...at.values()]).toEqual(given.goals)
    }),
    { numRuns: 500 },
  )
  expect(ordered).toBeGreaterThan(100)
})

test('refused only when the Active instances together have no seat that the moves could pass through', () => {
  fc.assert(
    fc.property(cases, (given) => {
      const order = orderMoves(movesOf(given), seatsOf(given))
      if (Array.isArray(order)) return
      expect(order.code).toBe('no-spare-seat')
      const spare = seatsOf(given).filter(({ active }) => active)
      expect(spare.reduce((sum, { free }) => sum + free, 0)).toBeLessThanOrEqual(0)
    }),
    { numRuns: 500 },
  )
})

test('two full instances swap through a spare seat of a third, with one move more', () => {
  const moves = [
    { member: 'ana', from: 1, to: 2 },
    { member: 'ben', from: 2, to: 1 },
  ]
  const seats = [1, 2, 3].map((ordinal) => ({ ordinal, free: ordinal === 3 ? 1 : 0, active: true }))
  expect(orderMoves(moves, seats)).toEqual([
    { member: 'ana', from: 1, to: 3 },
    { member: 'ben', from: 2, to: 1 },
    { member: 'ana', from: 3, to: 2 },
  ])
  expect(orderMoves(moves, seats.slice(0, 2))).toMatchObject({ code: 'no-spare-seat', field: 'instances' })
})
