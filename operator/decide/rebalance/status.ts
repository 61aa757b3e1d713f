// What is said of a Rebalance: numbers and causes, nothing of anybody.
import type { Finding } from '../../api/conditions.ts'
import type { Rebalance, RebalanceStatus } from '../../api/objects.ts'
import { heedsWishes, type RebalanceCondition } from '../../api/rebalance.ts'
import { instanceName } from '../../build/names.ts'
import type { Refusal } from '../snapshot.ts'
import type { FollowedPlan, MovesFacts, RebalanceSnapshot } from './facts.ts'
import { homesOf } from './plan/plan.ts'
import { roomsOf } from './settled.ts'
import { describe, describeTrouble, isHalted } from './trouble.ts'
import { endsOnly, lacksApproval } from './turn.ts'

export type RebalanceFinding = Finding<RebalanceCondition>
export type RebalanceCounts = Omit<RebalanceStatus, 'conditions' | 'observedGeneration'>

/** `hold`: why no move is begun. `over`: nobody has to move any more. */
export function describeRebalance(
  snapshot: RebalanceSnapshot,
  hold: Refusal | undefined,
  over: boolean,
): { findings: RebalanceFinding[]; counts: RebalanceCounts } {
  return { findings: findings(snapshot, hold, over), counts: counts(snapshot, over) }
}

/** Of one that is not worked on. What was told of its moves, and of its plan, stays. */
export function describeUnworked(
  { conditions, observedGeneration: _, ...counts }: RebalanceStatus,
  { reason, message }: Refusal,
): { findings: RebalanceFinding[]; counts: RebalanceCounts } {
  const told = conditions?.find(({ type }) => type === 'Planned')
  return {
    findings: [
      { type: 'Ready', status: 'False', reason, message },
      told?.status === 'True'
        ? { type: 'Planned', status: told.status, reason: told.reason, message: told.message }
        : { type: 'Planned', status: 'Unknown', reason, message: 'not planned yet' },
      { type: 'Progressing', status: 'False', reason, message },
    ],
    counts: defined(counts),
  }
}

/** Of one that waits for another of its community. */
export function describeWaiting(rebalance: Rebalance, { metadata }: Rebalance) {
  const { namespace, name } = metadata
  const then = endsOnly(rebalance)
    ? 'ends the moves that were begun before as well: this one is over when none is under way and that is Done, or deleted'
    : 'one Rebalance of a community is worked on at a time: this one begins when that is Done, or deleted'
  return describeUnworked(
    { ...rebalance.status, phase: 'Waiting' },
    {
      reason: 'AnotherOpen',
      message: `${name} is open, and ${then}. What it waits for: \`kubectl -n ${namespace} describe rebalance ${name}\``,
    },
  )
}

/** How many moves, as the beginning of a sentence on what becomes of them. */
export const begunBefore = (many: number): string =>
  many === 1 ? 'one move that was begun before is' : `${many} moves that were begun before are`

function findings(snapshot: RebalanceSnapshot, hold: Refusal | undefined, over: boolean): RebalanceFinding[] {
  const { community, rebalance, regressed } = snapshot
  const facts = snapshot.moves.ok && !regressed && !community.spec.paused ? snapshot.moves.facts : undefined
  const failed = facts?.failure
    ? `. The last one that was undone could not be made: ${describe(facts.failure, community)}`
    : ''
  const ends = endsOnly(rebalance)
  const going = {
    reason: 'Moving',
    message:
      ends && facts
        ? `${begunBefore(facts.open.length)} being ended: that needs no approval, and no other is begun`
        : `members move to other instances${failed}`,
  }
  const done = { reason: 'Settled', message: `${whatWasDone(snapshot)}${failed}` }
  const trouble = facts && describeTrouble(facts, community)
  const halted = facts && isHalted(facts) ? trouble : undefined
  const { reason, message } = over ? done : (hold ?? halted ?? going)
  return [
    { type: 'Ready', status: over ? 'True' : 'False', reason, message, ...(!over && trouble) },
    { type: 'Planned', ...whetherPlanned(snapshot) },
    { type: 'Progressing', status: over || hold || halted ? 'False' : 'True', reason, message },
  ]
}

function whetherPlanned({ rebalance, plan }: RebalanceSnapshot): Omit<RebalanceFinding, 'type'> {
  const planned = (message: string) => ({ status: 'True', reason: 'Planned', message }) as const
  if (endsOnly(rebalance))
    return planned('there is nothing to plan: it only ends moves that were begun before')
  switch (plan.is) {
    case 'made':
      return planned('it is known how many move where')
    case 'refused':
      return { status: 'False', reason: 'NoPlan', message: plan.message }
    case 'unanswered':
      return { status: 'Unknown', reason: 'TiesUnknown', message: 'not all instances said who knows whom' }
    case 'none':
      return { status: 'Unknown', reason: 'Starting', message: 'not planned yet' }
  }
}

function whatWasDone({ rebalance, moves }: RebalanceSnapshot): string {
  const { reason } = rebalance.spec
  if (endsOnly(rebalance)) return 'no move is under way any more'
  if (moves.ok && moves.facts.done + moves.facts.undone > 0) return 'nobody has to move any more'
  return heedsWishes(reason)
    ? 'there was nothing to do: nobody has to move, and there is no better place for anybody who wishes to'
    : 'there was nothing to do: nobody has to move'
}

function counts(snapshot: RebalanceSnapshot, over: boolean): RebalanceCounts {
  const { rebalance, moves, plan } = snapshot
  const { status } = rebalance
  const facts = moves.ok ? moves.facts : undefined
  const made = plan.is === 'made' ? plan.plan : undefined
  const ends = endsOnly(rebalance)
  const left = facts && (ends ? facts.open.length : leftOf(facts, made, status))
  const begun = facts
    ? facts.done + facts.undone + facts.open.filter(({ mine }) => mine || ends).length > 0
    : status.phase === 'Moving'
  const { seats, friendsKeptBefore = made?.keptBefore, friendsKeptAfter, planned, moved, failed } = status
  return defined({
    phase: phaseOf(snapshot, over, begun),
    // The moves that it ends were planned by others, and count for them.
    planned: left === undefined || ends ? planned : (facts?.done ?? 0) + left,
    moved: facts?.done ?? moved,
    failed: facts?.undone ?? failed,
    left: left ?? status.left,
    friendsKeptBefore,
    friendsKeptAfter: made?.keptAfter ?? friendsKeptAfter,
    seats: seatsOf(snapshot) ?? seats,
  })
}

/** Without a plan, what is left of the one of before; what is under way is left in any case. */
function leftOf(
  { open, done }: MovesFacts,
  plan: FollowedPlan | undefined,
  { planned }: RebalanceStatus,
): number | undefined {
  if (plan) return plan.order.length - plan.started + open.length
  return planned === undefined ? undefined : Math.max(planned - done, open.length)
}

function phaseOf({ rebalance }: RebalanceSnapshot, over: boolean, begun: boolean): RebalanceStatus['phase'] {
  if (over) return 'Done'
  if (rebalance.spec.stopped) return 'Stopped'
  if (lacksApproval(rebalance)) return 'Proposed'
  return begun ? 'Moving' : 'Approved'
}

/** What it was before the first move is kept from what was said then: nobody can count it afterwards. */
function seatsOf({ rebalance, community, moves, plan }: RebalanceSnapshot): RebalanceStatus['seats'] {
  if (!moves.ok) return undefined
  const { facts } = moves
  const made = plan.is === 'made' ? plan.plan : undefined
  const homes = endsOnly(rebalance) ? [...homesOf(facts).values()] : undefined
  return roomsOf(facts, community.spec.seats)
    .filter(({ state }) => state !== 'Retired')
    .map(({ ordinal, cap }) => {
      const instance = instanceName(community.metadata.name, ordinal)
      const before = rebalance.status.seats?.find((one) => one.instance === instance)
      const now = facts.members.filter(({ home }) => home === ordinal).length
      // One that was opened for it had nobody.
      const from = rebalance.status.seats ? (before?.from ?? 0) : now
      const to = homes
        ? homes.filter((home) => home === ordinal).length
        : made
          ? (made.after.get(ordinal) ?? 0)
          : (before?.to ?? now)
      return { instance, cap, from, now, to }
    })
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }
const defined = <T extends object>(value: T): Defined<T> =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Defined<T>
