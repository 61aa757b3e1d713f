import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HomeReport, LocalMove, OldDirectory } from './facts.ts'
import { rebuild } from './rebuild.ts'
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
const seen = { incarnation: 1, revision: 9n }
const ana = { id: '1', handle: 'ana', epoch: 3, role: 'moderator', signupToken: null, expiresAt: null }

test('a role is that of the newest row', () => {
  const old = {
    instances: [{ ordinal: 1, state: 'Active' as const }],
    members: [{ id: '1', handle: 'ana', home: 1, epoch: 3, state: 'active' as const }],
    moves: [],
  }
  const report = { ordinal: 1, cap: 3, seen, residents: [{ ...ana, state: 'active' as const }], moves: [] }
  expect(rebuild(seen, old, [report], new Set()).members).toMatchObject([{ role: 'moderator', home: 1 }])
})

const move = {
  id: '5',
  side: 'source' as const,
  member: '1',
  handle: 'ana',
  other: 2,
  epoch: 1,
  attempt: 1,
  state: 'frozen',
  left: false,
  createdAt: '2026-01-01T00:00:00Z',
  changedAt: '2026-01-01T00:00:00Z',
}

test('a move that a restored home still has under way is over once its member has moved on', () => {
  const old = { instances: [], members: [], moves: [] }
  const reports = [
    { ordinal: 1, cap: 3, seen, residents: [{ ...ana, epoch: 1, state: 'frozen' as const }], moves: [move] },
    {
      ordinal: 2,
      cap: 3,
      seen,
      residents: [],
      moves: [{ ...move, side: 'target' as const, other: 1, state: 'active' }],
    },
    { ordinal: 3, cap: 3, seen, residents: [{ ...ana, state: 'active' as const }], moves: [] },
  ]
  const built = rebuild(seen, old, reports, new Set())
  expect([built.members.map(({ home }) => home), built.moves.map(({ step }) => step)]).toEqual([
    [3],
    ['done'],
  ])
})

test('who waits to be let go is where they left for, and who was thawed before that is where they were', () => {
  const old = {
    instances: [],
    members: [{ id: '1', handle: 'ana', home: 1, epoch: 1, state: 'active' as const }],
    moves: [{ id: '5', member: '1', source: 1, target: 2, epoch: 1, attempt: 1, step: 'undoing' }],
  }
  const built = (source: string, target: string) => {
    const reports = [
      { ordinal: 1, cap: 3, seen, residents: [], moves: [{ ...move, state: source, left: true }] },
      {
        ordinal: 2,
        cap: 3,
        seen,
        residents: [],
        moves: [{ ...move, side: 'target' as const, other: 1, state: target }],
      },
    ]
    const { members, moves } = rebuild(seen, old, reports, new Set())
    return [members.map(({ home, epoch }) => [home, epoch]), moves.map(({ step }) => step)]
  }
  expect(built('frozen', 'sealed')).toEqual([[[2, 1_002]], ['switched']])
  expect(built('undone', 'undone')).toEqual([[[1, 1_001]], ['undone']])
})

test('what contradicts itself is left alone', () => {
  const old = { instances: [], members: [], moves: [] }
  const at = (ordinal: number, more: object) => ({
    ordinal,
    cap: 3,
    seen,
    residents: [{ ...ana, state: 'active' as const, ...more }],
    moves: [],
  })
  expect(rebuild(seen, old, [at(1, {}), at(2, {})], new Set()).conflict).toBe(
    'the instances 1 and 2 both have one and the same member',
  )
  const two = [at(1, { id: '2' }), at(2, {})]
  const { clash, conflict } = rebuild(seen, old, two, new Set())
  expect([conflict, clash]).toEqual([undefined, expect.objectContaining({ names: 1, homes: [1, 2] })])
  // Whoever is given up is known as one who has left, and takes no seat.
  const settled = rebuild(seen, old, two, new Set(), clash?.code)
  expect([settled.clash, settled.members.map(({ id, state, epoch }) => [id, state, epoch])]).toEqual([
    undefined,
    [
      ['2', 'deleted', 1_004],
      ['1', 'active', 1_003],
    ],
  ])
  // A directory of later that is put back to then has nothing more to settle.
  const again = rebuild(seen, { ...old, members: settled.members }, two, new Set())
  expect([again.clash, again.members.map(({ id, state }) => [id, state])]).toEqual([
    undefined,
    [
      ['2', 'deleted'],
      ['1', 'active'],
    ],
  ])
  // Somebody whom only the directory knows takes the name of nobody who lives.
  const lost = { id: '1', handle: 'ana', home: 1, epoch: 3, state: 'active' as const }
  const reports = [{ ...at(1, {}), residents: [] }, at(2, { id: '2' })]
  const unsettled = rebuild(seen, { ...old, members: [lost] }, reports, new Set())
  const kept = rebuild(seen, { ...old, members: [lost] }, reports, new Set(), unsettled.clash?.code)
  expect(kept.members.map(({ id, state }) => [id, state])).toEqual([
    ['1', 'deleted'],
    ['2', 'active'],
  ])
  // A sign-up that was given up takes a name from nobody.
  const given = rebuild(seen, old, [at(1, { id: '2', state: 'pending' }), at(2, {})], new Set())
  expect([given.conflict, given.members.map(({ id }) => id), given.forgotten]).toEqual([
    undefined,
    ['1'],
    ['2'],
  ])
})

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

test('whoever lives somewhere since they were given up lives, and an older move that was decided is done', () => {
  const old = {
    instances: [{ ordinal: 1, state: 'Active' as const }],
    members: [{ id: '1', handle: 'ana', home: 1, epoch: 2, state: 'deleted' as const }],
    moves: [],
  }
  const report = { ordinal: 1, cap: 3, seen, residents: [{ ...ana, state: 'active' as const }], moves: [] }
  expect(rebuild(seen, old, [report], new Set()).members).toMatchObject([{ state: 'active', epoch: 1_003 }])
  expect(rebuild(seen, old, [{ ...report, residents: [] }], new Set()).members).toMatchObject([
    { state: 'deleted', epoch: 2 },
  ])
})

describe('somebody of whom the directory and everybody else knows nothing any more', () => {
  const seen = { incarnation: 1, revision: 1n }
  const nothing: OldDirectory = { instances: [], members: [], moves: [] }
  const from = (ordinal: number, moves: readonly LocalMove[]): HomeReport => ({
    ordinal,
    cap: 3,
    seen,
    residents: [],
    moves,
  })
  const arriving = { ...move, side: 'target' as const, other: 1 }

  test.each([
    // Whoever left is brought back from what was kept there.
    [
      'has left a home that has kept them',
      [from(1, [{ ...move, state: 'demoted' }]), from(2, [])],
      2,
      'done',
    ],
    // Their only copy is not dropped.
    [
      'is sealed where they come to',
      [from(1, []), from(2, [{ ...arriving, state: 'sealed' }])],
      2,
      'switched',
    ],
    // What is there of them is not all: they are missing where they were.
    ['is half copied', [from(1, []), from(2, [{ ...arriving, state: 'copied' }])], 1, 'undoing'],
  ] as const)('%s', (_, reports, home, step) => {
    const built = rebuild(seen, nothing, reports, new Set())
    expect(built.members).toMatchObject([{ id: '1', handle: 'ana', home, state: 'active' }])
    expect(built.moves).toMatchObject([{ id: '5', step }])
  })
})
