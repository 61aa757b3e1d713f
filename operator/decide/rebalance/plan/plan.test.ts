import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeCommunity } from '../../../testing/snapshots/community.ts'
import { id, makeMoves, makeRebalance, makeRebalanceSnapshot } from '../../../testing/snapshots/rebalance.ts'
import { decideRebalance } from '../decide.ts'
import type { OpenMove, TieFacts, WishFacts } from '../facts.ts'
import { roomsOf } from '../settled.ts'
import { homesOf, makePlan } from './plan.ts'

const NO_WISH: WishFacts = { pinned: false, wantsMove: false, together: [] }
const follow = (from: number, to: number): TieFacts => ({
  from: id(from),
  to: id(to),
  follows: true,
  replies: 0,
  boosts: 0,
  likes: 0,
})

test.each([
  [
    'to live with somebody',
    { [id(0)]: { ...NO_WISH, together: [id(2)] }, [id(2)]: { ...NO_WISH, together: [id(0)] } },
  ],
  [
    'to move to where their friends are',
    { [id(0)]: { ...NO_WISH, wantsMove: true }, [id(2)]: { ...NO_WISH, wantsMove: true } },
  ],
])('where every seat is taken a wish %s moves nobody, and its Rebalance ends', (_, wished) => {
  const facts = makeMoves([2, 2], [1, 1, 2, 2])
  const community = makeCommunity({ seats: { perInstance: 2 } })
  const ties = [follow(0, 3), follow(3, 0), follow(2, 1), follow(1, 2)]
  const plan = makePlan({ community, facts, forWishes: true }, ties, new Map(Object.entries(wished)))
  expect(plan).toMatchObject({ is: 'made', plan: { order: [] } })
  const rebalance = makeRebalance({ reason: 'Wishes' })
  const decision = decideRebalance(makeRebalanceSnapshot(facts, { community, rebalance, plan }))
  expect(decision.counts.phase).toBe('Done')
  expect(decision.wantsPlan).toBe(false)
})

type Asked = Parameters<typeof makePlan>

/** Communities of any shape with whatever may stand in the way of a plan: wishes, failed moves, moves under way, held seats. */
const asked: fc.Arbitrary<Asked> = fc
  .record({
    instances: fc.array(
      fc.record({
        cap: fc.integer({ min: 1, max: 6 }),
        // Of those who sign up at this moment.
        held: fc.constantFrom(0, 0, 0, 1, 2),
        state: fc.constantFrom('Active' as const, 'Active' as const, 'Active' as const, 'Draining' as const),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    members: fc.array(
      fc.record({
        home: fc.nat(),
        role: fc.constantFrom('member', 'member', 'member', 'moderator'),
        lately: fc.boolean(),
        undone: fc.constantFrom(0, 0, 0, 3),
        unanswered: fc.constantFrom(0, 0, 0, 1),
        pinned: fc.boolean(),
        wantsMove: fc.boolean(),
        together: fc.nat(20),
      }),
      { maxLength: 14 },
    ),
    open: fc.array(
      fc.record({
        member: fc.nat(),
        target: fc.nat(),
        step: fc.constantFrom('reserved', 'undoing', 'switched'),
      }),
      { maxLength: 2 },
    ),
    ties: fc.array(fc.tuple(fc.nat(14), fc.nat(14)), { maxLength: 30 }),
    full: fc.boolean(),
    headroomPercent: fc.constantFrom(0, 0, 20, 50),
    perInstance: fc.integer({ min: 1, max: 6 }),
    forWishes: fc.boolean(),
  })
  .map(({ instances, members, open: given, ties, full, headroomPercent, perInstance, forWishes }): Asked => {
    const k = instances.length
    // As many as there are seats, where each stays in turn: the case in which nobody can move.
    const homes = members.map(({ home }, index) => 1 + ((full ? index : home) % k))
    const caps = instances.map(({ cap }, index) =>
      full ? Math.max(1, homes.filter((home) => home === index + 1).length) : cap,
    )
    const open = given.flatMap(({ member, target, step }, index): OpenMove[] => {
      const at = member % Math.max(1, members.length)
      const home = homes[at]
      const other = 1 + (target % k)
      if (full || home === undefined || home === other || (index > 0 && given[0]?.member === member))
        return []
      const [source, goal] = step === 'switched' ? [other, home] : [home, other]
      return [{ id: String(index), memberId: id(at), source, target: goal, step, mine: true, trouble: null }]
    })
    const once = open.filter(({ memberId }, i) => open.findIndex((one) => one.memberId === memberId) === i)
    const facts = makeMoves(caps, homes, { open: once })
    return [
      {
        community: makeCommunity({
          seats: { perInstance: full ? 300 : perInstance },
          rebalance: { headroomPercent },
        }),
        facts: {
          ...facts,
          instances: facts.instances.map((row, index) => ({
            ...row,
            state: instances[index]?.state ?? 'Active',
            // Whoever signs up gets no seat that there is not.
            taken:
              row.taken +
              Math.min(
                instances[index]?.held ?? 0,
                Math.max(0, Math.min(row.cap, full ? row.cap : perInstance) - row.taken),
              ),
          })),
          members: facts.members.map((one, index) => ({
            ...one,
            role: members[index]?.role ?? 'member',
            undone: members[index]?.undone ?? 0,
            unanswered: members[index]?.unanswered ?? 0,
            movedAt: members[index]?.lately ? facts.now - 1000 : null,
          })),
        },
        forWishes,
      },
      ties.map(([from, to]) => follow(from, to)),
      new Map(
        members.map(({ pinned, wantsMove, together }, index) => {
          // Pairs who name each other: 0 and 1, 2 and 3, and so on.
          const other = index ^ 1
          const both = (members[other]?.together ?? 0) > 8 && together > 8
          return [id(index), { pinned, wantsMove, together: both ? [id(other)] : [] }]
        }),
      ),
    ]
  })

/** Members whom no closing instance may keep, and seats that they may have. */
function needAndSeats({ community, facts }: Asked[0]): { readonly need: number; readonly seats: number } {
  const homes = [...homesOf(facts).values()]
  const active = roomsOf(facts, community.spec.seats).filter(({ state }) => state === 'Active')
  const count = (ordinal: number) => homes.filter((home) => home === ordinal).length
  return {
    need: active.reduce((sum, { ordinal }) => sum + count(ordinal), 0),
    // Nobody who is signing up loses a seat.
    seats: active.reduce(
      (sum, { ordinal, cap, taken }) => sum + Math.min(cap, count(ordinal) + Math.max(0, cap - taken)),
      0,
    ),
  }
}

test('a plan is refused only where there are fewer seats than members who need one, and each of its moves finds a seat', () => {
  const seen = { made: 0, refused: 0 }
  fc.assert(
    fc.property(asked, (given) => {
      const state = makePlan(...given)
      const { facts, community } = given[0]
      const { need, seats } = needAndSeats(given[0])
      expect(state.is, JSON.stringify(state)).toBe(need > seats ? 'refused' : 'made')
      if (state.is === 'refused') expect(state.message).toMatch(/^instances: .* but seats for/)
      if (state.is !== 'made') return void seen.refused++
      seen.made++
      const free = new Map(
        roomsOf(facts, community.spec.seats).map(({ ordinal, cap, taken }) => [ordinal, cap - taken]),
      )
      for (const { from, to } of state.plan.order) {
        expect(free.get(to)).toBeGreaterThan(0)
        free.set(to, (free.get(to) ?? 0) - 1)
        free.set(from, (free.get(from) ?? 0) + 1)
      }
    }),
    { numRuns: 200 },
  )
  expect(seen.made).toBeGreaterThan(50)
  expect(seen.refused).toBeGreaterThan(5)
})
