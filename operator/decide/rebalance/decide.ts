// One look at a Rebalance → whether to plan, which moves to walk, which to begin, and what to say. Pure.
import type { RebalanceSpec } from '../../api/objects.ts'
import { instanceName } from '../../build/names.ts'
import { holds } from '../changed.ts'
import type { Event } from '../decision.ts'
import type { Refusal } from '../snapshot.ts'
import type { FollowedPlan, MovesFacts, OpenMove, RebalanceSnapshot } from './facts.ts'
import { homesOf, madeFor } from './plan/plan.ts'
import { canBeUndone, isStuck, roomsOf } from './settled.ts'
import { begunBefore, describeRebalance, type RebalanceCounts, type RebalanceFinding } from './status.ts'
import { describe, reasonOf, stuckAt } from './trouble.ts'
import { endsOnly, isByHand, isHeldByMode, lacksApproval } from './turn.ts'

/** Moves under way at the same time in one community: each is a load for two homes. */
export const AT_ONCE = 2

const POLL_MS = 60_000
const SOON_MS = 5_000
const HOUR_MS = 3_600_000

export type Begin = {
  readonly member: string
  readonly from: number
  readonly to: number
  /** No more than so many are begun within an hour. Another process may lead meanwhile, so whoever begins counts again. */
  readonly perHour: number
}

export type RebalanceDecision = {
  /** Ask all homes who knows whom, make a plan, and decide again. */
  readonly wantsPlan: boolean
  /** Open moves to walk, from wherever they are. */
  readonly drive: readonly string[]
  /** Of these, the ones to give up first. */
  readonly abandon: readonly string[]
  readonly begin: Begin | undefined
  readonly findings: readonly RebalanceFinding[]
  readonly counts: RebalanceCounts
  readonly events: readonly Event[]
  /** Look again after this long, if nothing happens before. */
  readonly requeueAfterMs: number
}

/** Why nobody is moved now, though somebody should be; `soon`: it may be otherwise in a moment. */
export type Hold = Refusal & { readonly forMs?: number }

export function decideRebalance(snapshot: RebalanceSnapshot): RebalanceDecision {
  const { rebalance, community, moves, jitter } = snapshot
  const nothing = { wantsPlan: false, drive: [], abandon: [], begin: undefined, events: [] }
  const slow = POLL_MS * (1 + jitter)
  // Whatever comes after its end is another one's.
  if (rebalance.status.phase === 'Done')
    return { ...nothing, findings: [], counts: rebalance.status, requeueAfterMs: 10 * slow }
  if (!moves.ok)
    return {
      ...nothing,
      ...describeRebalance(snapshot, moves.refusal, false),
      requeueAfterMs: SOON_MS * (1 + jitter),
    }
  const { facts } = moves
  if (snapshot.regressed)
    return { ...nothing, ...describeRebalance(snapshot, REGRESSED, false), requeueAfterMs: slow }

  const { drive, abandon } = walk(snapshot, facts)
  const plan = fitting(snapshot, facts)
  // One that was made to end what others had begun plans nothing.
  const ends = endsOnly(rebalance)
  const stuck = plan !== undefined && leftBehind(facts, plan)
  const nobody = ends || (plan !== undefined && plan.started === 0 && plan.order.length === 0 && !stuck)
  const coming = ends ? undefined : aboutToDrain(snapshot, facts)
  const over = nobody && facts.open.length === 0 && !coming
  if (over) return { ...nothing, ...describeRebalance(snapshot, undefined, true), requeueAfterMs: 10 * slow }

  const stays = whyNobody(snapshot, facts)
  const next = plan && !stays && !ends ? nextMove(snapshot, facts, plan) : undefined
  const waits =
    stuck && plan.order.length <= plan.started && facts.open.length === 0
      ? NO_SEATS_YET
      : nobody
        ? coming
        : undefined
  const hold = stays ?? (next && 'hold' in next ? next.hold : waits)
  const begin = next && 'begin' in next ? next.begin : undefined
  const said = describeRebalance(snapshot, hold, false)
  // One that found no seat for anybody stands until there is one: a cap that was raised asks for another in any case.
  const stands =
    stuck &&
    plan.order.length === 0 &&
    roomsOf(facts, community.spec.seats).every(({ state, taken, cap }) => state !== 'Active' || taken >= cap)
  // A plan that was followed to its end is made once more: members may have come meanwhile. Who waits for approval shows one.
  const wantsPlan =
    plan === undefined ||
    (next !== undefined && 'stale' in next) ||
    (plan.started >= plan.order.length && facts.open.length === 0 && !stands)
  // While it is paused none is walked when its rest is over.
  const resting = (community.spec.paused ? [] : facts.open)
    .filter((move) => !snapshot.running.has(move.id) && !isReplaced(snapshot, move))
    .map(({ id }) => snapshot.resting.get(id) ?? 0)
  return {
    wantsPlan: wantsPlan && !ends,
    drive,
    abandon,
    begin,
    ...said,
    events: [],
    requeueAfterMs: Math.min(
      begin ? 1_000 : slow,
      hold?.forMs ?? slow,
      snapshot.plan.is === 'unanswered' ? SOON_MS * (1 + jitter) : slow,
      ...resting.map((ms) => Math.max(ms, 100)),
    ),
  }
}

const NO_SEATS_YET: Hold = {
  reason: 'Draining',
  message: 'members of instances that are to be emptied wait for seats elsewhere',
  forMs: SOON_MS,
}

/** A cap that is being raised gives no seats yet: who stays for want of them in an instance that is emptied goes later. */
const leftBehind = ({ instances }: MovesFacts, { after }: FollowedPlan): boolean =>
  instances.some(({ ordinal, state }) => state === 'Draining' && (after.get(ordinal) ?? 0) > 0)

/**
 * Who changes spec.drain and makes a Rebalance at the same time, from Git, say, means the one with the other: it is not over
 * before it has seen what is to be emptied.
 */
function aboutToDrain(
  { rebalance, community }: RebalanceSnapshot,
  { instances }: MovesFacts,
): Hold | undefined {
  const row = instances.find(
    ({ ordinal, state }) =>
      community.spec.drain.includes(ordinal) && (state === 'Active' || state === 'Opening'),
  )
  if (!row || !isByHand(rebalance, community)) return undefined
  const name = instanceName(community.metadata.name, row.ordinal)
  return {
    reason: 'Draining',
    message: `${name} is to be emptied, and is not yet: the condition Drained of the Community says what it waits for`,
  }
}

const REGRESSED: Refusal = {
  reason: 'DirectoryRegressed',
  message: 'the directory is older than it was: nobody is moved until that is repaired',
}

/** What was begun is ended first, whoever began it; stopped, it is given up where that still can be. */
function walk(snapshot: RebalanceSnapshot, { open }: MovesFacts) {
  const { rebalance, running, resting, community } = snapshot
  if (community.spec.paused) return { drive: [], abandon: [] }
  const idle = open.filter(({ id }) => !running.has(id))
  const giveUp = rebalance.spec.stopped ? idle.filter(canBeUndone) : []
  const due = idle.filter(
    (move) => giveUp.includes(move) || ((resting.get(move.id) ?? 0) <= 0 && !isReplaced(snapshot, move)),
  )
  return { drive: due.map(({ id }) => id), abandon: giveUp.map(({ id }) => id) }
}

/** The plan, unless it was made for something else. */
function fitting({ plan, community }: RebalanceSnapshot, facts: MovesFacts): FollowedPlan | undefined {
  return plan.is === 'made' && plan.plan.madeFor === madeFor({ community, facts }) ? plan.plan : undefined
}

function whyNobody(snapshot: RebalanceSnapshot, facts: MovesFacts): Hold | undefined {
  const { rebalance, community, plan } = snapshot
  if (community.spec.paused)
    return {
      reason: 'Paused',
      message: 'spec.paused of the Community is true: nobody is moved until it is false',
    }
  if (rebalance.spec.stopped)
    return {
      reason: 'Stopped',
      message: endsOnly(rebalance)
        ? 'spec.stopped is true: moves that were begun before are undone where they still can be, the others are ended'
        : 'spec.stopped is true: nobody is moved until it is false',
    }
  if (lacksApproval(rebalance)) return unapproved(snapshot, facts)
  if (isHeldByMode(rebalance, community))
    return {
      reason: 'RebalanceOff',
      message: `spec.rebalance.mode of the Community is Off: nobody is moved but by a Rebalance that somebody makes${endedMeanwhile(facts)}`,
    }
  if (plan.is === 'unanswered')
    return {
      reason: 'TiesUnknown',
      message: `instance ${plan.ordinal} did not say who knows whom; it is asked again, and nobody is moved on a guess`,
    }
  if (plan.is === 'refused') return { reason: 'NoPlan', message: plan.message }
  return undefined
}

/**
 * How to say yes and no. To delete one of the operator's own says neither: it makes another one; one that somebody made is
 * theirs to take away.
 */
function unapproved({ rebalance, community, plan }: RebalanceSnapshot, facts: MovesFacts): Hold {
  const { namespace, name } = rebalance.metadata
  const patch = (spec: object) =>
    `\`kubectl -n ${namespace} patch rebalance ${name} --type merge -p '${JSON.stringify({ spec })}'\``
  const no = isByHand(rebalance, community)
    ? `\`kubectl -n ${namespace} delete rebalance ${name}\``
    : patch({ stopped: true })
  const moves = plan.is === 'made' ? plan.plan.order.length - plan.plan.started : undefined
  const what = moves === undefined ? 'it' : `a plan of ${moves === 1 ? 'one move' : `${moves} moves`}`
  return {
    reason: 'ApprovalMissing',
    message: `${what} waits for approval, and nobody ${facts.open.length > 0 ? 'else ' : ''}is moved before: approve it with ${patch({ approved: true })}, or refuse it with ${no}${endedMeanwhile(facts)}`,
  }
}

/** Whatever holds a Rebalance back, it ends what was begun before. */
const endedMeanwhile = ({ open }: MovesFacts): string =>
  open.length > 0 ? `; ${begunBefore(open.length)} ended all the same` : ''

type Next =
  | { readonly begin: Begin }
  | { readonly hold: Hold }
  | { readonly stale: true }
  | { readonly wait: true }

function nextMove(snapshot: RebalanceSnapshot, facts: MovesFacts, plan: FollowedPlan): Next {
  const step = plan.order[plan.started]
  if (!step) return { wait: true }
  const moving = facts.open.find(({ memberId }) => memberId === step.member)
  if (moving) return { wait: true }
  // Gone, moved by another plan, or back where they were since their move was undone.
  if (homesOf(facts).get(step.member) !== step.from) return { stale: true }
  const going = facts.open.filter((move) => !isStuck(move, facts.now))
  if (going.length >= AT_ONCE) return { wait: true }
  const row = facts.instances.find(({ ordinal }) => ordinal === step.to)
  if (row?.state !== 'Active') return { stale: true }
  const room = roomsOf(facts, snapshot.community.spec.seats).find(({ ordinal }) => ordinal === step.to)
  // Somebody came who was not foreseen, or somebody who was to leave there cannot.
  if (!room || room.taken >= room.cap) return going.length > 0 ? { wait: true } : { stale: true }
  // Whoever is leaving there has the seat until they have left.
  if (row.taken >= room.cap) return { wait: true }
  const unsteady = [step.from, step.to].find((ordinal) => !isSteady(snapshot, ordinal))
  if (unsteady !== undefined) return { hold: notReady(snapshot, unsteady) }
  for (const ordinal of [step.from, step.to]) {
    const trouble = stuckAt(facts, ordinal)
    if (trouble)
      return { hold: { reason: reasonOf(trouble), message: describe(trouble, snapshot.community) } }
  }
  const perHour = snapshot.rebalance.spec.maxMovesPerHour ?? snapshot.community.spec.rebalance.maxMovesPerHour
  const lately = facts.begun.filter((at) => at > facts.now - HOUR_MS)
  const oldest = lately[lately.length - perHour]
  if (oldest !== undefined)
    return {
      hold: {
        reason: 'RateLimited',
        message: `${perHour} members were moved within an hour: raise ${limitField(snapshot.rebalance.spec)}, or wait`,
        forMs: oldest + HOUR_MS - facts.now + 100,
      },
    }
  return { begin: { ...step, perHour } }
}

const limitField = ({ maxMovesPerHour }: RebalanceSpec): string =>
  maxMovesPerHour === undefined ? 'spec.rebalance.maxMovesPerHour of the Community' : 'spec.maxMovesPerHour'

/** A pod that is being replaced gets nobody further. One that only waits for its turn may wait for long. */
const isReplaced = ({ replaced }: RebalanceSnapshot, { source, target }: OpenMove): boolean =>
  replaced.get(source) === 'now' || replaced.get(target) === 'now'

/** It serves, with the template that is wanted of it: nothing of it is about to be replaced. */
function isSteady({ instances, replaced }: RebalanceSnapshot, ordinal: number): boolean {
  const instance = instances.find(({ spec }) => spec.ordinal === ordinal)
  return instance !== undefined && holds(instance, 'Ready') && !replaced.has(ordinal)
}

function notReady({ instances, community }: RebalanceSnapshot, ordinal: number): Hold {
  const name = `${community.metadata.name}-${ordinal}`
  const instance = instances.find(({ spec }) => spec.ordinal === ordinal)
  const ready = instance?.status.conditions?.find(({ type }) => type === 'Ready')
  return {
    reason: 'InstanceNotReady',
    message: `nobody is moved from or to ${name} before it is Ready${ready && ready.status !== 'True' ? ` (${ready.reason})` : ''}`,
    forMs: SOON_MS,
  }
}
