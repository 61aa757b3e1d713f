// From what the directory and the homes told to a plan. Pure and without memory: whoever leads next makes the same one.
import type { Community } from '../../../api/objects.ts'
import type { PlanInput } from '../../../rebalance/plan/input.ts'
import { plan } from '../../../rebalance/plan/plan.ts'
import { groupsOf } from '../../../rebalance/plan/together.ts'
import type { FollowedPlan, MovesFacts, PlanState, TieFacts, WishFacts } from '../facts.ts'
import { headroomOf, isUndoing, roomsOf } from '../settled.ts'
import { edgesOf } from './edges.ts'
import { type Heeded, heedLess, heeds } from './heeded.ts'

/** Whoever has moved stays for so long, if there is any other way. */
const COOL_MS = 30 * 86_400_000
/** Whoever could not be moved so often is planned around. */
const TRIES = 3
/** Of the smallest instance: people who wish to live together are held together in groups no larger than this. */
const GROUP = 0.25

type Asked = {
  readonly community: Pick<Community, 'spec'>
  readonly facts: MovesFacts
  /** Whoever wishes to move is a reason of its own, not only no obstacle. */
  readonly forWishes?: boolean
}

/** Changes with whatever makes a plan that is being followed the wrong one. */
export const madeFor = ({ community, facts }: Asked): string =>
  JSON.stringify([
    roomsOf(facts, community.spec.seats).map(({ ordinal, state, cap }) => [ordinal, state, cap]),
    headroomOf(community.spec),
  ])

/** Whoever could not be moved though it was tried for long, or again and again. */
const isTried = ({ undone, unanswered }: MovesFacts['members'][number]): boolean =>
  undone >= TRIES || unanswered > 0

/**
 * Those who could not be moved go after all others, who would wait behind them for as long as nothing is repaired. Only out
 * of instances that are closing, where nobody waits for the seat that they leave.
 */
function triedLast({ members, instances }: MovesFacts, order: FollowedPlan['order']): FollowedPlan['order'] {
  const tried = new Set(members.filter(isTried).map(({ id }) => id))
  const open = new Set(instances.filter(({ state }) => state === 'Active').map(({ ordinal }) => ordinal))
  const isLate = ({ member, from }: FollowedPlan['order'][number]) => tried.has(member) && !open.has(from)
  return [...order.filter((step) => !isLate(step)), ...order.filter(isLate)]
}

type AllWishes = ReadonlyMap<string, WishFacts>

/**
 * Who moves where, in an order in which everybody finds a free seat. Ties of people who are no members are left out.
 * Refused only where the members who cannot leave have fewer seats than they are: all else gives way.
 */
export function makePlan(asked: Asked, ties: readonly TieFacts[], wishes: AllWishes = new Map()): PlanState {
  const { facts, community } = asked
  const made = madeFor(asked)
  const edges = edgesOf(facts, ties)
  let heeded: Heeded | undefined = {
    headroom: headroomOf(community.spec),
    stays: 'wishes',
    together: true,
    eager: asked.forWishes ?? false,
  }
  let result = plan(inputOf(asked, edges, wishes, heeded))
  while (result.kind === 'refusal') {
    heeded = heedLess(heeded, result.code)
    if (!heeded) return { is: 'refused', madeFor: made, message: result.message }
    result = plan(inputOf(asked, edges, wishes, heeded))
  }
  const total = edges.reduce((sum, { weight }) => sum + weight, 0)
  // Sums of the same weights in another order differ by a hair: a part may come out larger than the whole.
  const kept = (cut: number) => (total === 0 ? 100 : Math.max(0, Math.round(100 * (1 - cut / total))))
  return {
    is: 'made',
    plan: {
      madeFor: made,
      order: triedLast(facts, result.order),
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
  wishes: AllWishes,
  heeded: Heeded,
): PlanInput {
  const homes = homesOf(facts)
  const moving = new Set(facts.open.map(({ memberId }) => memberId))
  const rooms = roomsOf(facts, community.spec.seats).filter(({ state }) => state !== 'Opening')
  const closing = new Set(rooms.filter(({ state }) => state !== 'Active').map(({ ordinal }) => ordinal))
  const wishesToStay = (id: string, role: string) =>
    heeds(heeded, role === 'member' ? 'wishes' : 'keepers') && (wishes.get(id)?.pinned ?? role !== 'member')
  const members = facts.members.map((member) => {
    const { id, home, role, movedAt } = member
    const at = homes.get(id) ?? home
    const stays =
      (moving.has(id) && heeds(heeded, 'moving')) ||
      (isTried(member) && heeds(heeded, 'tried')) ||
      wishesToStay(id, role)
    return {
      id,
      home: at,
      ...(stays && !closing.has(at) && { pinned: at }),
      // Whoever asks to be moved is not spared.
      ...(movedAt !== null && !wishes.get(id)?.wantsMove && { coolUntil: movedAt + COOL_MS }),
      ...(heeded.eager &&
        wishes.get(id)?.wantsMove &&
        (movedAt ?? 0) + COOL_MS <= facts.now && { eager: true }),
    }
  })
  const caps = rooms.filter(({ ordinal }) => !closing.has(ordinal)).map(({ cap }) => cap)
  const groups = heeded.together
    ? groupsOf(
        members.map((member) => ({ ...member, together: wishes.get(member.id)?.together ?? [] })),
        Math.max(2, Math.floor(Math.min(...caps) * GROUP)),
      )
    : new Map<string, string>()
  return {
    members: members.map((member) => {
      const word = groups.get(member.id)
      return word === undefined ? member : { ...member, together: word }
    }),
    edges,
    instances: rooms.map(({ ordinal, cap, taken, state }) => ({
      ordinal,
      cap,
      free: Math.max(0, cap - taken),
      state: state === 'Active' ? 'Active' : 'Draining',
    })),
    headroom: heeded.headroom,
    now: facts.now,
  }
}

function count(ordinals: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>()
  for (const ordinal of ordinals) counts.set(ordinal, (counts.get(ordinal) ?? 0) + 1)
  return counts
}
