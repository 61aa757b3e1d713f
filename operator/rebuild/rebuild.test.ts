import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rebuild } from './rebuild.ts'
import { ana, seen } from './testing/ana.ts'
import { dump, join, makeTown, push, reportsOf, type Town } from './testing/town.ts'

const HOMES = 3
const homes = fc.integer({ min: 1, max: HOMES })
const doing = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ joins: homes, far: fc.constantFrom('seat', 'row', 'all', 'all' as const) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      who: fc.nat({ max: 3 }),
      to: homes,
      // Most moves come to their end.
      giveUp: fc.nat({ max: 9 }).map((n) => n === 0),
    }),
  },
)
type Doing = typeof doing extends fc.Arbitrary<infer T> ? T : never

function play(town: Town, all: readonly Doing[]): void {
  for (const one of all) {
    if ('joins' in one) join(town, one.joins, one.far)
    else push(town, String(one.who + 1), one.to, one.giveUp)
  }
}
/** Long enough for moves that come to their end. */
const LONG = { minLength: 10, maxLength: 120, size: 'max' } as const
const played = fc.tuple(fc.array(doing, LONG), fc.array(doing, LONG)).map(([a, b]) => {
  const town = makeTown(HOMES)
  for (const ordinal of [1, 1, 2, 3]) join(town, ordinal, 'all')
  play(town, a)
  const old = dump(town)
  play(town, b)
  const reports = reportsOf(town)
  const now = { incarnation: 1, revision: old.revision }
  return { town, old, reports, built: rebuild(now, old, reports, new Set()) }
})

describe('a directory of any earlier moment', () => {
  test('has everybody again who lives anywhere, where they live, under their name, with an epoch of its own', () => {
    fc.assert(
      fc.property(played, ({ town, reports, built }) => {
        expect(built.conflict).toBeUndefined()
        const found = new Map(built.members.map((member) => [member.id, member]))
        expect(found.size).toBe(built.members.length)
        for (const { id, handle, state } of town.members.values()) {
          const member = found.get(id)
          const at = reports.filter(({ residents }) => residents.some((one) => one.id === id))
          if (state === 'pending' && at.length === 0) {
            expect(member).toBeUndefined()
            continue
          }
          expect(member).toMatchObject({ handle, state: state === 'active' ? 'active' : 'pending' })
          const move = built.moves.find((one) => one.member === id && one.step === 'switched')
          if (move) {
            // Decided, and nobody has come yet: their copy waits.
            expect(member).toMatchObject({ home: move.target, epoch: 1_001 + move.epoch })
            const waiting = reports[move.target - 1]?.moves.find((one) => one.id === move.id)
            expect(waiting?.state).toBe('sealed')
            continue
          }
          const epochs = reports.flatMap(({ residents }) =>
            residents.filter((one) => one.id === id).map((one) => one.epoch),
          )
          expect(member?.epoch).toBe(1_000 + Math.max(...epochs))
          const row = at
            .find(({ ordinal }) => ordinal === member?.home)
            ?.residents.find((one) => one.id === id)
          expect(row?.epoch).toBe(Math.max(...epochs))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('leaves no move half way: each is undone where the member is, or finished where they went', () => {
    fc.assert(
      fc.property(played, ({ old, reports, built }) => {
        const open = built.moves.filter(({ step }) => step !== 'done' && step !== 'undone')
        expect(new Set(open.map(({ member }) => member)).size).toBe(open.length)
        const homeOf = (id: string) => built.members.find((member) => member.id === id)?.home
        const stateAt = (ordinal: number, id: string) =>
          reports[ordinal - 1]?.moves.find((move) => move.id === id)?.state
        for (const move of open) {
          expect(homeOf(move.member)).toBe(move.step === 'undoing' ? move.source : move.target)
          if (move.step === 'activated') expect(stateAt(move.target, move.id)).toBe('active')
          expect(move.attempt).toBeGreaterThan(1)
        }
        // Whatever a home has under way, somebody ends.
        const over = new Set(['demoted', 'active', 'undone'])
        for (const { moves } of reports)
          for (const { id, state } of moves)
            if (!over.has(state)) expect(open.map((move) => move.id)).toContain(id)
        // And what the directory had under way is no longer as it was.
        for (const { id, step } of old.moves)
          if (step !== 'done' && step !== 'undone') expect(built.moves.map((move) => move.id)).toContain(id)
      }),
      { numRuns: 2_500 },
    )
  })

  test('is newer afterwards than any that was seen', () => {
    fc.assert(
      fc.property(played, ({ town, built }) => {
        expect([built.incarnation, built.revision > town.revision]).toEqual([2, true])
      }),
    )
  })
})

const nobody = { residents: [], moves: [] }

test('instances: unknown ones are opened, emptied ones stay retired, and nobody is homed at one that is gone', () => {
  const old = {
    instances: [
      { ordinal: 1, state: 'Draining' as const },
      { ordinal: 2, state: 'Active' as const },
      { ordinal: 3, state: 'Opening' as const },
    ],
    members: [
      { id: '1', handle: 'ana', home: 1, epoch: 1, state: 'active' as const },
      { id: '2', handle: 'ben', home: 2, epoch: 1, state: 'active' as const },
    ],
    moves: [],
  }
  const reports = [
    { ordinal: 2, cap: 3, seen, ...nobody },
    { ordinal: 3, cap: 3, seen, residents: [{ ...ana, state: 'active' as const }], moves: [] },
    { ordinal: 4, cap: 3, seen, ...nobody },
  ]
  const { instances, members } = rebuild(seen, old, reports, new Set([1, 2, 5]))
  expect(members).toMatchObject([
    { id: '1', home: 3, epoch: 1_003 },
    { id: '2', home: 2, epoch: 1_001 },
  ])
  // Ben is missing where he lived: that instance is not said to be empty.
  expect(instances).toEqual([
    { ordinal: 1, state: 'Retired' },
    { ordinal: 2, state: 'Active' },
    { ordinal: 3, state: 'Active' },
    { ordinal: 4, state: 'Opening' },
    { ordinal: 5, state: 'Retired' },
  ])
})
