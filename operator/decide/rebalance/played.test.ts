// A rebalance from its plan to its end, by what is decided again and again.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeCommunity } from '../../testing/snapshots/community.ts'
import { lowered, makeMoves, makeRebalanceSnapshot } from '../../testing/snapshots/rebalance.ts'
import { AT_ONCE, decideRebalance } from './decide.ts'
import type { OpenMove, PlanState, TieFacts } from './facts.ts'
import { makePlan } from './plan/plan.ts'

const perHour = { seats: { perInstance: 4 }, rebalance: { maxMovesPerHour: 1000 } }

/** Plays directory and homes: what is decided happens, moves end one after the other, and sometimes one is undone. */
function play(
  cap: number,
  homes: readonly number[],
  instances: number,
  ties: readonly TieFacts[],
  chance: (n: number) => boolean,
) {
  const caps = Array.from({ length: instances }, () => cap)
  const community = makeCommunity({ ...perHour, seats: { perInstance: cap } })
  const at = [...homes]
  let open: OpenMove[] = []
  let plan: PlanState = { is: 'none' }
  let [done, undone, moves] = [0, 0, 0]
  const most = [...caps].map((_, index) => Math.max(cap, homes.filter((home) => home === index + 1).length))
  for (let round = 0; round < 400; round++) {
    const facts = makeMoves(caps, at, { open, done, undone })
    // The cap holds at every moment; where it was lowered under members, nobody comes.
    for (const { ordinal, taken } of facts.instances)
      expect(taken).toBeLessThanOrEqual(most[ordinal - 1] ?? 0)
    const snapshot = makeRebalanceSnapshot(facts, { community, plan })
    let decision = decideRebalance(snapshot)
    if (decision.wantsPlan) {
      plan = makePlan({ community, facts }, ties)
      decision = decideRebalance({ ...snapshot, plan })
    }
    if (decision.counts.phase === 'Done') return { at, done, undone, decision, facts }
    if (decision.begin && plan.is === 'made') {
      const { member, from, to } = decision.begin
      const row = facts.instances.find(({ ordinal }) => ordinal === to)
      expect(row && row.taken < row.cap).toBe(true)
      expect(at[Number(member) - 1000]).toBe(from)
      expect(open.length).toBeLessThan(AT_ONCE)
      plan = { is: 'made', plan: { ...plan.plan, started: plan.plan.started + 1 } }
      open = [
        ...open,
        {
          id: String(++moves),
          memberId: member,
          source: from,
          target: to,
          step: 'reserved',
          mine: true,
          trouble: null,
        },
      ]
      if (open.length < AT_ONCE && chance(round)) continue
    }
    const [ended, ...rest] = chance(round + 7) ? [...open].reverse() : open
    if (!ended) continue
    open = rest
    if (undone < 2 && chance(round + 3)) {
      undone++
      plan = { is: 'none' }
    } else {
      done++
      at[Number(ended.memberId) - 1000] = ended.target
    }
  }
  throw new Error('it does not end')
}

test('whatever happens on the way, it ends with nobody over the cap, and moves no more than have to', () => {
  fc.assert(
    fc.property(lowered, fc.nat(), ({ cap, homes, instances, ties }, seed) => {
      const { at, done, decision } = play(cap, homes, instances, ties, (n) => (seed >> (n % 20)) % 2 === 1)
      const counts = Array.from({ length: instances }, (_, i) => at.filter((home) => home === i + 1).length)
      expect(Math.max(0, ...counts)).toBeLessThanOrEqual(cap)
      const over = Array.from({ length: instances }, (_, i) =>
        Math.max(0, homes.filter((home) => home === i + 1).length - cap),
      ).reduce((sum, n) => sum + n, 0)
      // More only where a new instance is filled to the smallest size.
      expect(done).toBeGreaterThanOrEqual(over)
      if (over === 0) expect(done).toBe(0)
      expect(decision.counts).toMatchObject({ phase: 'Done', left: 0, moved: done, planned: done })
      expect(decision.findings.find(({ type }) => type === 'Ready')?.status).toBe('True')
    }),
    { numRuns: 60 },
  )
})

test('who leads next comes to the same plan, whatever the order in which the homes answered', () => {
  fc.assert(
    fc.property(lowered, ({ cap, homes, instances, ties }) => {
      const asked = {
        community: makeCommunity({ seats: { perInstance: cap } }),
        facts: makeMoves(
          Array.from({ length: instances }, () => cap),
          homes,
        ),
      }
      expect(makePlan(asked, [...ties].reverse())).toEqual(makePlan(asked, ties))
    }),
    {
      numRuns: 40,
      examples: [
        // All friendship is cut, by a sum that is larger than that of all in one of the orders.
        [
          {
            cap: 2,
            instances: 3,
            homes: [2, 1, 1, 1, 2],
            ties: [
              { from: '1000', to: '1001', follows: false, replies: 1, boosts: 0, likes: 1 },
              { from: '1004', to: '1001', follows: true, replies: 1, boosts: 1, likes: 2 },
              { from: '1002', to: '1000', follows: false, replies: 2, boosts: 3, likes: 2 },
            ],
          },
        ],
      ],
    },
  )
})
