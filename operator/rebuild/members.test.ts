import { expect, test } from 'vitest'
import { rebuild } from './rebuild.ts'
import { ana, seen } from './testing/ana.ts'

test('a role is that of the newest row', () => {
  const old = {
    instances: [{ ordinal: 1, state: 'Active' as const }],
    members: [{ id: '1', handle: 'ana', home: 1, epoch: 3, state: 'active' as const }],
    moves: [],
  }
  const report = { ordinal: 1, cap: 3, seen, residents: [{ ...ana, state: 'active' as const }], moves: [] }
  expect(rebuild(seen, old, [report], new Set()).members).toMatchObject([{ role: 'moderator', home: 1 }])
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
