// From what the directory and the homes told to a plan. Pure and without memory: whoever leads next makes the same one.
import type { Community } from '../../api/objects.ts'
import { weigh } from '../../rebalance/graph.ts'
import type { PlanInput } from '../../rebalance/plan/input.ts'
import { plan } from '../../rebalance/plan/plan.ts'
import type { MovesFacts, PlanState, TieFacts } from './facts.ts'
import { headroomOf, isUndoing, roomsOf } from './settled.ts'

/** Whoever has moved stays for so long, if there is any other way. */
const COOL_MS = 30 * 86_400_000
/** Whoever could not be moved so often is planned around. */
const TRIES = 3
/** Less than a second on a fast core: the leader renews its Lease in between. */
const MOST_WORK = 30e6

type Asked = { readonly community: Pick<Community, 'spec'>; readonly facts: MovesFacts }

/** Changes with whatever makes a plan that is being followed the wrong one. */
export const madeFor = ({ community, facts }: Asked): string =>
  JSON.stringify([
    roomsOf(facts, community.spec.seats).map(({ ordinal, state, cap }) => [ordinal, state, cap]),
    headroomOf(community.spec),
  ])

/** Who moves where, in an order in which everybody finds a free seat. Ties of people who are no members are left out. */
export function makePlan(asked: Asked, ties: readonly TieFacts[]): PlanState {
  const { facts, community } = asked
  const made = madeFor(asked)
  const headroom = headroomOf(community.spec)
  const edges = edgesOf(facts, ties)
  const attempt = (pins: boolean, free: number) => plan(inputOf(asked, edges, pins, free))
  let result = attempt(true, headroom)
  // Room to breathe is a wish, and so is that moderators stay where they are; the cap is neither.
  if (result.kind === 'refusal' && result.code === 'no-headroom') result = attempt(true, 0)
  if (result.kind === 'refusal' && result.code === 'pins-exceed-cap') result = attempt(false, 0)
  if (result.kind === 'refusal') return { is: 'refused', madeFor: made, message: result.message }
  const total = edges.reduce((sum, { weight }) => sum + weight, 0)
  const kept = (cut: number) => (total === 0 ? 100 : Math.round(100 * (1 - cut / total)))
  return {
    is: 'made',
    plan: {
      madeFor: made,
      order: result.order,
      started: 0,
      keptBefore: kept(result.cutBefore),
      keptAfter: kept(result.cut),
      before: count(homesOf(facts).values()),
      after: count(result.homes.values()),
    },
  }
}

/** Where everybody lives when what is under way has ended. */
export const homesOf = ({ members, open }: Pick<MovesFacts, 'members' | 'open'>): Map<string, number> => {
  const moving = new Map(open.map((move) => [move.memberId, isUndoing(move) ? move.source : move.target]))
  return new Map(members.map(({ id, home }) => [id, moving.get(id) ?? home]))
}

function inputOf(
  { community, facts }: Asked,
  edges: PlanInput['edges'],
  pins: boolean,
  headroom: number,
): PlanInput {
  const homes = homesOf(facts)
  const moving = new Set(facts.open.map(({ memberId }) => memberId))
  const rooms = roomsOf(facts, community.spec.seats).filter(({ state }) => state !== 'Opening')
  const closing = new Set(rooms.filter(({ state }) => state !== 'Active').map(({ ordinal }) => ordinal))
  return {
    members: facts.members.map(({ id, home, role, movedAt, undone }) => {
      const at = homes.get(id) ?? home
      const stays = moving.has(id) || undone >= TRIES || (pins && role === 'moderator')
      return {
        id,
        home: at,
        ...(stays && !closing.has(at) && { pinned: at }),
        ...(movedAt !== null && { coolUntil: movedAt + COOL_MS }),
      }
    }),
    edges,
    instances: rooms.map(({ ordinal, cap, taken, state }) => ({
      ordinal,
      cap,
      free: Math.max(0, cap - taken),
      state: state === 'Active' ? 'Active' : 'Draining',
    })),
    headroom,
    now: facts.now,
    work: Math.min(MOST_WORK, 2e6 + 150e3 * facts.members.length + 1e3 * edges.length),
  }
}

function edgesOf({ members }: MovesFacts, ties: readonly TieFacts[]): PlanInput['edges'] {
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

function count(ordinals: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>()
  for (const ordinal of ordinals) counts.set(ordinal, (counts.get(ordinal) ?? 0) + 1)
  return counts
}
