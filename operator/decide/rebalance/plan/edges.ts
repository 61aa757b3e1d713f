// Who knows whom, as the planner weighs it: an edge between two members for all that either did towards the other.
import { weigh } from '../../../rebalance/graph.ts'
import type { PlanInput } from '../../../rebalance/plan/input.ts'
import type { MovesFacts, TieFacts } from '../facts.ts'

/** Ties of people who are no members are left out. */
export function edgesOf({ members }: MovesFacts, ties: readonly TieFacts[]): PlanInput['edges'] {
  const known = new Set(members.map(({ id }) => id))
  const contacts = new Map<
    string,
    { a: string; b: string; follows: number; replies: number; boosts: number }
  >()
  for (const { from, to, follows, replies, boosts, likes } of ties) {
    if (from === to || !known.has(from) || !known.has(to)) continue
    const [a, b] = from < to ? [from, to] : [to, from]
    const key = `${a} ${b}`
    const one = contacts.get(key) ?? { a, b, follows: 0, replies: 0, boosts: 0 }
    one.follows += follows ? 1 : 0
    one.replies += replies
    // A like says as much as a boost.
    one.boosts += boosts + likes
    contacts.set(key, one)
  }
  return [...contacts.values()].map(({ a, b, follows, replies, boosts }) => ({
    a,
    b,
    weight: weigh({ follows: follows >= 2 ? 2 : follows === 1 ? 1 : 0, replies, boosts }),
  }))
}
