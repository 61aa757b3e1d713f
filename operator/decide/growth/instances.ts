// The instances: which exist, what each is told, and the next one. A row in the directory is what makes one lasting.
import type { Community, Instance } from '../../api/objects.ts'
import type { Claim } from '../../build/data/claim.ts'
import { buildInstance } from '../../build/data/instance.ts'
import { directoryName, internalAddress } from '../../build/names.ts'
import type { Owner } from '../../build/owned.ts'
import { COMMUNITY_MANAGER, changed, holds } from '../changed.ts'
import { patchClaim } from '../community/claim.ts'
import type { DirectoryChange, Event, Step } from '../decision.ts'
import { type Draining, decideDraining } from '../draining/draining.ts'
import { imbalanceOf } from '../rebalance/imbalance.ts'
import { movesOf } from '../rebalance/turn.ts'
import type { CommunitySnapshot, DirectoryFacts, DirectoryInstance } from '../snapshot.ts'
import { decideGrowth, type Growth } from './growth.ts'

export type InstancesDecision = {
  /** In this order: the directory is lowered before an instance is told, the claim counts on before a row is added. */
  readonly groups: readonly (readonly Step[])[]
  readonly events: readonly Event[]
  readonly growth: Growth | undefined
  /** Undefined where the directory was not read. */
  readonly draining: Draining | undefined
}

/**
 * Never used again: past what the claim, the directory and the Instances say. `drain` has ordinals that are not to be: one
 * of them that there is not is passed over, or the new instance would be emptied as soon as it is opened.
 */
export function nextOrdinal(
  claim: Pick<Claim, 'nextOrdinal'>,
  directory: Pick<DirectoryFacts, 'instances'> | undefined,
  instances: readonly Instance[],
  drain: readonly number[],
): number {
  let next = Math.max(
    claim.nextOrdinal,
    ...(directory?.instances ?? []).map(({ ordinal }) => ordinal + 1),
    ...instances.map(({ spec }) => spec.ordinal + 1),
  )
  while (drain.includes(next)) next++
  return next
}

/** `facts` undefined: a community so new that it has no directory yet. */
export function decideInstances(
  snapshot: CommunitySnapshot,
  owner: Owner,
  claim: Claim,
  facts: DirectoryFacts | undefined,
  now: number,
): InstancesDecision {
  const { community, settings, instances, rebalances, server } = snapshot
  const { seats, drain } = community.spec
  const rows = facts?.instances ?? []
  const objects = new Map(instances.map((instance) => [instance.spec.ordinal, instance]))
  const events: Event[] = []
  const create = new Map<number, Step>()
  const open = (ordinal: number, row?: DirectoryInstance) => {
    const object = buildInstance(owner, {
      ordinal,
      cap: seats.perInstance,
      image: settings.image,
      state: stateOf(row),
    })
    create.set(ordinal, { do: 'apply', object, live: undefined })
  }
  // An Instance deleted by hand is made again from the directory; its data was not touched.
  for (const row of rows) if (!objects.has(row.ordinal) && row.state !== 'Retired') open(row.ordinal, row)

  const coming = [...objects.keys()].filter((ordinal) => !rows.some((row) => row.ordinal === ordinal)).length
  const draining = facts && decideDraining(snapshot, facts, coming, now)
  let growth: Growth | undefined
  // The very first may come before its directory; whether there is one is known then, by the claim.
  if (facts || claim.made.size === 0) {
    const wanted = draining?.rows ?? rows
    const overflow =
      movesOf(community, rebalances) === 'Off' ? 0 : imbalanceOf(wanted, community.spec).overflow
    growth = decideGrowth({ seats, instances: wanted, coming, waiting: facts?.waiting ?? 0, overflow }, now)
    const full = server.ok && server.placed >= server.carries
    if (growth.grow && !full) {
      const ordinal = nextOrdinal(claim, facts, instances, drain)
      open(ordinal)
      if (rows.length > 0)
        events.push({
          type: 'Normal',
          reason: 'InstanceOpened',
          message:
            growth.why === 'PeopleWait'
              ? `opening ${owner.name}-${ordinal}: ${facts?.waiting} people wait for a seat`
              : growth.why === 'MembersMove'
                ? `opening ${owner.name}-${ordinal}: members move there from instances that have more of them than seats (spec.seats.perInstance) or are to be emptied`
                : `opening ${owner.name}-${ordinal}: fewer than ${seats.minFree} seats are free (spec.seats.minFree)`,
        })
    }
  }

  // What is passed over is not counted: it may be opened once nobody names it any more.
  const counted = nextOrdinal(claim, facts, instances, [])
  const upTo = Math.max(counted, ...[...create.keys()].map((ordinal) => ordinal + 1))
  const count: Step[] =
    upTo > claim.nextOrdinal ? [patchClaim(settings.namespace, claim, { 'next-ordinal': String(upTo) })] : []

  const gone = (draining?.changes ?? []).flatMap((one) => (one.change === 'retire' ? [one.ordinal] : []))
  const changes = facts
    ? [
        // First what takes members again, then another one beside it.
        ...(draining?.changes ?? []),
        ...directoryChanges(community, claim, facts, objects, [...create.keys()]).filter(
          (one) => !('ordinal' in one && gone.includes(one.ordinal)),
        ),
      ]
    : []
  const change: Step[] =
    changes.length > 0 ? [{ do: 'changeDirectory', name: directoryName(claim.prefix), changes }] : []
  return {
    groups: [[...create.values()], count, change, tell(snapshot, owner, facts)],
    events: [...events, ...(draining?.events ?? [])],
    growth,
    draining,
  }
}

function directoryChanges(
  community: Community,
  claim: Claim,
  facts: DirectoryFacts,
  objects: ReadonlyMap<number, Instance>,
  created: readonly number[],
): DirectoryChange[] {
  const wish = community.spec.seats.perInstance
  const address = (ordinal: number) =>
    internalAddress(community.metadata.name, ordinal, community.metadata.namespace)
  const rows = new Map(facts.instances.map((row) => [row.ordinal, row]))
  const changes: DirectoryChange[] = []
  for (const ordinal of [...new Set([...objects.keys(), ...created])].sort((a, b) => a - b)) {
    const instance = objects.get(ordinal)
    const row = rows.get(ordinal)
    if (!row) {
      const cap = Math.min(wish, instance?.spec.cap ?? wish)
      changes.push({ change: 'addInstance', ordinal, cap, address: address(ordinal) })
      continue
    }
    // Lowered here first; raised only to what the instance's own database lets in already.
    const enforced =
      instance &&
      instance.spec.cap === wish &&
      instance.status.observedGeneration === instance.metadata.generation
        ? (instance.status.cap ?? 0)
        : 0
    const cap = wish < row.cap ? wish : Math.max(row.cap, Math.min(wish, enforced))
    if (cap !== row.cap || row.address !== address(ordinal))
      changes.push({ change: 'setInstance', ordinal, cap, address: address(ordinal) })
    // Seats are given once nothing of it could be made anew by mistake, and people can be served.
    const lasting = claim.made.has('directory') && claim.made.has(String(ordinal))
    if (
      row.state === 'Opening' &&
      lasting &&
      instance &&
      holds(instance, 'Serving') &&
      holds(instance, 'DatabaseReady')
    )
      changes.push({ change: 'activate', ordinal })
  }
  return changes
}

const stateOf = (row: DirectoryInstance | undefined) =>
  row === undefined || row.state === 'Opening' ? 'Active' : row.state

/** What existing instances are told: the state and the cap, once the directory has them, and the image. */
function tell(
  { community, settings, instances }: CommunitySnapshot,
  owner: Owner,
  facts: DirectoryFacts | undefined,
): Step[] {
  const wish = community.spec.seats.perInstance
  return instances
    .filter(({ spec }) => spec.state !== 'Retired')
    .flatMap((instance): Step[] => {
      const { ordinal, cap } = instance.spec
      const row = facts?.instances.find((one) => one.ordinal === ordinal)
      const object = buildInstance(owner, {
        ordinal,
        state: row ? stateOf(row) : instance.spec.state,
        cap: facts ? wish : Math.max(wish, cap),
        image: settings.image,
      })
      const live = {
        apiVersion: instance.apiVersion,
        kind: 'Instance',
        metadata: instance.metadata,
        spec: instance.spec,
      }
      return changed(live, object, COMMUNITY_MANAGER) ? [{ do: 'apply', object, live }] : []
    })
}
