import { expect, test } from 'vitest'
import { makePlan } from '../../decide/rebalance/plan/plan.ts'
import { seeded } from '../../rebalance/partition/random.ts'
import { attachedCommunities } from '../../rebalance/testing/graphs.ts'
import { makeCommunity } from '../../testing/snapshots/community.ts'
import { id, makeMoves } from '../../testing/snapshots/rebalance.ts'
import { planInThread } from './planner.ts'

/** A cap lowered from 300 to 270 under so many members, who know about eight others each. */
function lowered(members: number): Parameters<typeof makePlan> {
  const graph = attachedCommunities(members, Math.ceil(members / 125), 8, 0.3, seeded('planner'))
  const places = new Map(graph.ids.map((name, index) => [name, id(index)]))
  const homes = graph.ids.map((_, index) => 1 + Math.floor(index / 300))
  const caps = Array.from({ length: Math.ceil(members / 270) }, () => 270)
  return [
    { community: makeCommunity({ seats: { perInstance: 270 } }), facts: makeMoves(caps, homes) },
    graph.edges.map(({ a, b }) => ({
      from: places.get(a) ?? '',
      to: places.get(b) ?? '',
      follows: true,
      replies: 1,
      boosts: 0,
      likes: 0,
    })),
    new Map(),
  ]
}

const never = new AbortController().signal

test('while a plan is made this thread goes on, and it is the same plan', async () => {
  const asked = lowered(300)
  const planned = planInThread(asked, never)
  let turns = 0
  let made = false
  const turn = () => {
    turns++
    if (!made) setImmediate(turn)
  }
  setImmediate(turn)
  const state = await planned
  made = true
  // Made in this thread, it would be a few: none of them while it is made.
  expect(turns).toBeGreaterThan(1_000)
  expect(state).toMatchObject({ is: 'made' })
  expect(state).toEqual(makePlan(...asked))
})

test('an error of the planner is told, and so is the end of waiting', async () => {
  const [asked, ties] = lowered(300)
  const broken = { ...asked, facts: { ...asked.facts, members: undefined } }
  await expect(planInThread([broken as unknown as typeof asked, ties], never)).rejects.toThrow(TypeError)
  const stopping = new AbortController()
  const planned = planInThread([asked, ties], stopping.signal)
  stopping.abort()
  await expect(planned).rejects.toThrow('aborted')
  await expect(planInThread([asked, ties], stopping.signal)).rejects.toThrow('aborted')
})
