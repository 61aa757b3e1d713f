import { describe, expect, test } from 'vitest'
import type { HomeReport, LocalMove, OldDirectory } from './facts.ts'
import { rebuild } from './rebuild.ts'
import { ana, seen } from './testing/ana.ts'

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
