// What is said of a Community: one finding per condition, true for the generation that was looked at.

import type { CommunityCondition } from '../../api/community.ts'
import type { Finding } from '../../api/conditions.ts'
import type { CommunityStatus, Instance } from '../../api/objects.ts'
import { PASSING } from '../../api/reasons.ts'
import type { Draining } from '../draining/draining.ts'
import { describeDraining } from '../draining/status.ts'
import { freeSeats, type Growth } from '../growth/growth.ts'
import { imbalanceOf } from '../rebalance/imbalance.ts'
import type { CommunitySnapshot, DirectoryFacts, Refusal } from '../snapshot.ts'

export type CommunityFinding = Finding<CommunityCondition>
export type CommunityCounts = Omit<CommunityStatus, 'conditions' | 'observedGeneration'>

/** All is in question for one cause; what the last look counted is kept. */
export const refused = ({ reason, message }: Refusal): CommunityFinding[] => [
  { type: 'Ready', status: 'False', reason, message },
  {
    type: 'Degraded',
    status: reason === 'Deleting' || reason === 'Starting' ? 'False' : 'True',
    reason,
    message,
  },
]

export type StatusFacts = {
  readonly directory: DirectoryFacts | undefined
  /** The directory was restored to an older copy. */
  readonly regressed: Refusal | undefined
  readonly growth: Growth | undefined
  /** What stands in the way, the gravest first. */
  readonly refusals: readonly Refusal[]
  /** Steps were decided on: something is still being made. */
  readonly busy: boolean
  /** Whether members have to move, as it was decided; undefined: nobody looked. */
  readonly balance: CommunityFinding | undefined
  /** What was decided on instances that are to be emptied; undefined: nobody looked. */
  readonly draining: Draining | undefined
}

export function describe(
  snapshot: CommunitySnapshot,
  { directory, regressed, growth, refusals, busy, balance, draining }: StatusFacts,
): { findings: CommunityFinding[]; counts: CommunityCounts } {
  const { community, instances: all } = snapshot
  const { domain } = community.spec
  const rows = directory?.instances ?? []
  // Nobody lives in the others, and nobody waits for them to be gone.
  const instances = all.filter(({ spec }) => spec.state !== 'Retired')
  const open = rows.filter(({ state }) => state === 'Active')
  const counts: CommunityCounts = {
    ...(directory
      ? {
          members: directory.members,
          seats: open.reduce((sum, { cap }) => sum + cap, 0),
          free: freeSeats(rows, ['Active']),
          waiting: directory.waiting,
          overflow: imbalanceOf(rows, community.spec).overflow,
          draining: imbalanceOf(rows, community.spec).emptied,
        }
      : kept(community.status)),
    instances: instances.length,
    url: `https://${domain}`,
  }
  const [worst] = refusals
  const available = availability(instances, rows)
  const progressing = progress(
    instances,
    busy,
    rows.some(({ state }) => state === 'Opening'),
    balance,
  )
  const ailing = worst ?? ailment(instances)
  // Before the first instance is open nobody can sign up: the community is no more than an address.
  const opened = rows.some(({ state }) => state === 'Active' || state === 'Draining')
  const ready = available.status === 'True' && !worst && opened
  const cause =
    worst ??
    (available.status === 'True'
      ? { reason: 'Starting', message: 'the first instance is being opened' }
      : available)
  return {
    counts,
    findings: [
      {
        type: 'Ready',
        status: ready ? 'True' : 'False',
        ...(ready
          ? {
              reason: 'Serving',
              message: `${counts.url} is served by ${counts.instances} ${counts.instances === 1 ? 'instance' : 'instances'}`,
            }
          : { reason: cause.reason, message: cause.message }),
      },
      available,
      progressing,
      {
        type: 'Degraded',
        status: ailing ? 'True' : 'False',
        reason: ailing?.reason ?? 'Settled',
        message: ailing?.message ?? 'nothing stands in the way',
      },
      seatsAvailable(directory, growth, community.spec),
      membersKnown(directory, regressed ?? missingFrom(instances)),
      balance ?? {
        type: 'Balanced',
        status: 'Unknown',
        reason: 'CountUnknown',
        message: 'it is not known how many live where',
      },
      ...(directory && draining
        ? describeDraining({ ...snapshot, instances }, rows, draining, growth)
        : before(community.status, ['Drained', 'Compact'])),
    ],
  }
}

/** As it was said before, with its time: since when fewer instances would do is not forgotten for want of an answer. */
const before = (
  { conditions = [] }: CommunityStatus,
  types: readonly CommunityCondition[],
): CommunityFinding[] =>
  types.flatMap((type) => {
    const found = conditions.find((one) => one.type === type)
    if (!found) return []
    const { status, reason, message, observedGeneration } = found
    return [{ type, status, reason, message, observedGeneration }]
  })

const kept = ({ members, seats, free, waiting, overflow, draining }: CommunityStatus) => ({
  ...(members !== undefined && { members }),
  ...(seats !== undefined && { seats }),
  ...(free !== undefined && { free }),
  ...(waiting !== undefined && { waiting }),
  ...(overflow !== undefined && { overflow }),
  ...(draining !== undefined && { draining }),
})

/** What is wrong with an instance, also while its members are served: an image for it that cannot be had, say. */
function ailment(instances: readonly Instance[]): { reason: string; message: string } | undefined {
  for (const instance of instances) {
    const ready = condition(instance, 'Ready')
    if (ready?.status === 'False' && !PASSING.has(ready.reason))
      return { reason: ready.reason, message: `${instance.metadata.name}: ${ready.message}` }
  }
  return missingFrom(instances)
}

/** Members whom an instance lacks, as it says itself. */
function missingFrom(instances: readonly Instance[]): { reason: string; message: string } | undefined {
  for (const instance of instances) {
    const known = condition(instance, 'MembersKnown')
    if (known?.reason === 'MembersMissing')
      return { reason: known.reason, message: `${instance.metadata.name}: ${known.message}` }
  }
  return undefined
}

function membersKnown(
  directory: DirectoryFacts | undefined,
  trouble: { readonly reason: string; readonly message: string } | undefined,
): CommunityFinding {
  const type = 'MembersKnown'
  if (trouble) return { type, status: 'False', ...trouble }
  return directory
    ? { type, status: 'True', reason: 'Counted', message: 'the directory gave the numbers' }
    : {
        type,
        status: 'False',
        reason: 'CountUnknown',
        message: 'the directory does not answer: the last numbers are kept',
      }
}

/** Only those count where people may live already: one that is opened ahead of need takes nothing away from anybody. */
function availability(instances: readonly Instance[], rows: DirectoryFacts['instances']): CommunityFinding {
  const opening = new Set(rows.filter(({ state }) => state === 'Opening').map(({ ordinal }) => ordinal))
  const peopled = instances.filter(({ spec }) => !opening.has(spec.ordinal))
  const counted = peopled.length > 0 ? peopled : instances
  const down = counted.find((instance) => condition(instance, 'Serving')?.status !== 'True')
  if (counted.length > 0 && !down)
    return {
      type: 'Available',
      status: 'True',
      reason: 'Serving',
      message: 'every instance serves its members',
    }
  const why = down && condition(down, 'Serving')
  return {
    type: 'Available',
    status: 'False',
    reason: why?.reason ?? 'Starting',
    message: down
      ? `${down.metadata.name}: ${why?.message ?? 'is being started'}`
      : 'the first instance is being made',
  }
}

function progress(
  instances: readonly Instance[],
  busy: boolean,
  opening: boolean,
  balance: CommunityFinding | undefined,
): CommunityFinding {
  const moving = instances.find((instance) => condition(instance, 'Ready')?.status !== 'True')
  if (!busy && !opening && !moving && balance?.reason === 'Moving')
    return { type: 'Progressing', status: 'True', reason: balance.reason, message: balance.message }
  if (!busy && !opening && !moving)
    return { type: 'Progressing', status: 'False', reason: 'Settled', message: 'what was wanted is what is' }
  const why = moving && condition(moving, 'Ready')
  return {
    type: 'Progressing',
    status: 'True',
    reason: why?.reason ?? 'Starting',
    message: moving
      ? `${moving.metadata.name}: ${why?.message ?? 'is being started'}`
      : 'objects are being made or changed',
  }
}

function seatsAvailable(
  directory: DirectoryFacts | undefined,
  growth: Growth | undefined,
  spec: CommunitySnapshot['community']['spec'],
): CommunityFinding {
  const type = 'SeatsAvailable'
  const { maxInstances } = spec.seats
  if (!directory)
    return { type, status: 'Unknown', reason: 'CountUnknown', message: 'the directory does not answer' }
  const { overflow, room } = imbalanceOf(directory.instances, spec)
  const kept = directory.settings?.keep_seats === true && overflow > 0 && room <= overflow
  const free = freeSeats(directory.instances, ['Active'])
  if (free > 0 && kept)
    return {
      type,
      status: 'False',
      ...(growth?.why === 'MaxInstancesReached'
        ? {
            reason: 'MaxInstancesReached',
            message: `every seat that is free is kept for members who have to move, and there are ${maxInstances} instances: raise spec.seats.maxInstances, or wait until they have moved`,
          }
        : {
            reason: 'InstanceStarting',
            message: 'every seat that is free is kept for members who have to move',
          }),
    }
  if (free > 0)
    return {
      type,
      status: 'True',
      reason: 'SeatsFree',
      message:
        growth?.why === 'MaxInstancesReached'
          ? 'seats are free, but few, and no instance may be added: raise spec.seats.maxInstances in time'
          : 'seats are free',
    }
  if (growth?.why === 'MaxInstancesReached')
    return {
      type,
      status: 'False',
      reason: 'MaxInstancesReached',
      message: `every seat is taken and there are ${maxInstances} instances: raise spec.seats.maxInstances`,
    }
  if (growth?.why === 'WaitingBetweenInstances')
    return {
      type,
      status: 'False',
      reason: 'WaitingBetweenInstances',
      message:
        'every seat is taken, and the last instance was opened a short time ago: wait, or lower spec.seats.minutesBetweenInstances',
    }
  return {
    type,
    status: 'False',
    reason: 'InstanceStarting',
    message: 'every seat is taken, and another instance is starting',
  }
}

export const condition = ({ status }: Instance, type: string) =>
  (status.conditions ?? []).find((one) => one.type === type)
