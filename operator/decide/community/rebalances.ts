// When a Rebalance is made, and what is said of members who have to move. None while one is in its way, whoever made that.
import type { Rebalance } from '../../api/objects.ts'
import { buildRebalance } from '../../build/data/rebalance.ts'
import { rebalanceName, rebalanceNumber } from '../../build/names.ts'
import { isOurs, type Owner } from '../../build/owned.ts'
import type { Event, Step } from '../decision.ts'
import type { Growth } from '../growth/growth.ts'
import { type Imbalance, imbalanceOf } from '../rebalance/imbalance.ts'
import { inTheWay, isOver, movesOf, openOf } from '../rebalance/turn.ts'
import type { CommunitySnapshot, DirectoryFacts } from '../snapshot.ts'
import type { CommunityFinding } from './status.ts'

/** Of those that the operator made, the ones that are over and kept to be looked at. */
const KEPT = 5
/** Between two that are made for wishes alone: not every wish can be met, and nobody is to be planned for all the time. */
const WISHES_MS = 7 * 86_400_000
/** From the end of one that found nobody to move to the next for headroom: whoever lives there stays for a reason of their own. */
const HEADROOM_MS = 86_400_000
/** The same for the others: the seat of somebody who is signing up counts, and nobody who could leave it is there yet. */
const AGAIN_MS = 60_000

export type RebalancesDecision = {
  readonly steps: readonly Step[]
  readonly events: readonly Event[]
  readonly finding: CommunityFinding
}

export function decideRebalances(
  { community, rebalances, rebalanceNames }: CommunitySnapshot,
  owner: Owner,
  facts: DirectoryFacts,
  growth: Growth | undefined,
  now: number,
): RebalancesDecision {
  const ours = rebalances
    .filter((object) => isOurs(object, owner))
    .sort((a, b) => rebalanceNumber(b.metadata.name) - rebalanceNumber(a.metadata.name))
  const lastForWishes = ours.find(({ spec }) => spec.reason === 'Wishes')
  const forget = ours
    .filter(isOver)
    .slice(KEPT)
    .filter((one) => one !== lastForWishes)
    .map(({ metadata, apiVersion, kind }): Step => ({ do: 'delete', object: { apiVersion, kind, metadata } }))
  const imbalance = imbalanceOf(facts.instances, community.spec)
  const { mode } = community.spec.rebalance
  const say = (reason: string, message: string, status: 'True' | 'False' = 'False'): CommunityFinding => ({
    type: 'Balanced',
    status,
    reason,
    message,
  })
  const lacking = whatLacks(imbalance, growth, community.spec.seats.maxInstances)
  const off = mode === 'Off'
  const [first] = openOf(rebalances, community)
  const orphaned = facts.moving > 0 && !first
  let why: keyof typeof CAUSES | undefined =
    !off && imbalance.overflow > imbalance.emptied
      ? 'Overflow'
      : !off && imbalance.emptied > 0
        ? 'Draining'
        : !off && imbalance.cramped && !isIdle(ours[0], 'Headroom', HEADROOM_MS, now)
          ? 'Headroom'
          : // Its Rebalance was deleted, say. What was begun has to end, also where nobody is moved any more: one that is
            // open sees to that, approved or not.
            orphaned
            ? 'Unfinished'
            : !off && facts.wishing > 0 && isLongAgo(lastForWishes, now)
              ? 'Wishes'
              : undefined
  const open = inTheWay(community, rebalances) ?? (why === undefined ? first : undefined)
  if (open) {
    const ready = open.status.conditions?.find(({ type }) => type === 'Ready')
    const finding =
      lacking && movesOf(community, rebalances) !== 'Off'
        ? say(lacking.reason, lacking.message)
        : say(ready?.reason ?? 'Moving', `${open.metadata.name}: ${ready?.message ?? 'is being planned'}`)
    return { steps: forget, events: [], finding }
  }
  if (off && why === undefined && imbalance.overflow > 0)
    return {
      steps: forget,
      events: [],
      finding: say(
        'RebalanceOff',
        imbalance.emptied > 0
          ? 'instances are to be emptied, and spec.rebalance.mode is Off: set it to Auto or Manual, or take them out of spec.drain'
          : 'instances have more members than seats, and spec.rebalance.mode is Off: set it to Auto or Manual, or raise spec.seats.perInstance; nobody is sent away',
      ),
    }
  if (why === undefined)
    return {
      steps: forget,
      events: [],
      finding: say('Balanced', 'nobody has to move', 'True'),
    }
  // Seats come before moves. People who sign up meanwhile may take them, and then there will be more.
  const waits =
    (why === 'Overflow' || why === 'Draining') && lacking
      ? say(lacking.reason, lacking.message)
      : why !== 'Unfinished' && isIdle(ours[0], why, AGAIN_MS, now)
        ? say(
            'Moving',
            `${CAUSES[why]}: the last Rebalance found nobody to move yet, and another is made in a minute`,
          )
        : undefined
  if (waits && !orphaned) return { steps: forget, events: [], finding: waits }
  // What was begun has its seats already.
  if (waits) why = 'Unfinished'
  let number = 1 + Math.max(0, ...ours.map(({ metadata }) => rebalanceNumber(metadata.name)))
  // Somebody may have given one of theirs such a name.
  while (rebalanceNames.includes(rebalanceName(owner.name, number))) number++
  const name = rebalanceName(owner.name, number)
  const object = buildRebalance(owner, { number, reason: why, approved: mode === 'Auto' })
  return {
    steps: [...forget, { do: 'create', object }],
    events: [{ type: 'Normal', reason: 'Moving', message: `made the Rebalance ${name}: ${CAUSES[why]}` }],
    finding: say('Moving', `${name}: is being planned`),
  }
}

const isLongAgo = (rebalance: Rebalance | undefined, now: number): boolean =>
  rebalance === undefined || Date.parse(rebalance.metadata.creationTimestamp ?? '') + WISHES_MS <= now

/** It was for the same, ended less than `ms` ago, and had not moved anybody nor tried to. */
function isIdle(
  last: Rebalance | undefined,
  why: Rebalance['spec']['reason'],
  ms: number,
  now: number,
): boolean {
  if (!last || !isOver(last) || last.spec.reason !== why) return false
  const { moved = 0, failed = 0, conditions } = last.status
  const ready = conditions?.find(({ type }) => type === 'Ready')
  return moved + failed === 0 && ready !== undefined && Date.parse(ready.lastTransitionTime) + ms > now
}

const CAUSES = {
  Overflow: 'instances have more members than seats',
  Headroom: 'an instance has too few free seats, and others have some',
  Draining: 'instances are to be emptied',
  Wishes: 'members have wished for some time to move, or to live together',
  Unfinished: 'moves that were begun before are to be ended',
} as const

/** Why members who have to move have no seats to go to; undefined: they have. */
function whatLacks(
  { overflow, emptied, room }: Imbalance,
  growth: Growth | undefined,
  maxInstances: number,
): { readonly reason: string; readonly message: string } | undefined {
  if (room >= overflow) return undefined
  const who = `instances ${emptied > 0 ? 'are to be emptied' : 'have more members than seats'}, and there are too few seats elsewhere`
  if (growth?.why === 'MaxInstancesReached')
    return {
      reason: 'MaxInstancesReached',
      message: `${who} with ${maxInstances} instances: raise spec.seats.maxInstances, or spec.seats.perInstance; nobody is sent away`,
    }
  if (growth?.why === 'WaitingBetweenInstances')
    return {
      reason: 'WaitingBetweenInstances',
      message: `${who}; the last instance was opened a short time ago: wait, or lower spec.seats.minutesBetweenInstances`,
    }
  return { reason: 'InstanceStarting', message: `${who}: another instance is starting` }
}
