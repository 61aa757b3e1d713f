// One look at a Community → what to do and what to say. Pure: the same snapshot gives the same decision.
import type { Owner } from '../../build/owned.ts'
import { isOfEarlier, isOurs } from '../../build/owned.ts'
import type { KubeObject } from '../../kube/types.ts'
import { describeCertificate, endingOf } from '../certificate/certified.ts'
import { type Decision, inOrder, type Step } from '../decision.ts'
import { decideInstances } from '../growth/instances.ts'
import { awaitingApproval } from '../rebalance/turn.ts'
import type { CommunitySnapshot, Refusal } from '../snapshot.ts'
import { decideClaim } from './claim.ts'
import { decideDeletion } from './deletion/deletion.ts'
import { decideHold } from './deletion/hold.ts'
import { decideDirectory } from './directory.ts'
import { decideFront } from './front.ts'
import { decideRebalances } from './rebalances.ts'
import { decideRegression } from './regression.ts'
import { decideCommunitySecret, decideInvitation } from './secrets.ts'
import { type CommunityCounts, type CommunityFinding, describe, refused } from './status.ts'

export type CommunityDecision = Decision<CommunityFinding['type'], CommunityCounts> & {
  /** When it is left without a valid certificate if nobody does anything: milliseconds since 1970. Undefined: not known. */
  readonly certificateEnds?: number | undefined
  /** Rebalances that wait until somebody approves or refuses them. */
  readonly awaitingApproval?: number
}

/** Backs up the wakes of instances, which may get lost. Jittered, so that many communities spread. */
const POLL_MS = 60_000
const SOON_MS = 5_000

export function decideCommunity(snapshot: CommunitySnapshot, now: number): CommunityDecision {
  if (snapshot.community.metadata.deletionTimestamp) return decideDeletion(snapshot)
  const decision = decideLife(snapshot, now)
  // Before anything is made that would be left behind. Also while paused: it is said of the object alone.
  const groups = inOrder(decideHold(snapshot), ...decision.groups)
  const awaits = awaitingApproval(snapshot.community, snapshot.rebalances) !== undefined
  return { ...decision, groups, awaitingApproval: awaits ? 1 : 0 }
}

function decideLife(snapshot: CommunitySnapshot, now: number): CommunityDecision {
  const { community, chance, server } = snapshot
  const { metadata, spec } = community
  const owner: Owner = {
    apiVersion: community.apiVersion,
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
  }
  const quiet = { groups: [], counts: {}, events: [] }
  const slow = POLL_MS * (1 + chance.jitter)
  const claimed = decideClaim(snapshot)
  if ('refusal' in claimed) return { ...quiet, findings: refused(claimed.refusal), requeueAfterMs: slow }
  if (spec.paused) return { ...paused(snapshot, now), requeueAfterMs: slow }
  if ('groups' in claimed)
    return {
      ...quiet,
      groups: claimed.groups,
      findings: refusedStarting,
      requeueAfterMs: SOON_MS,
    }
  const { claim } = claimed
  const taken = nameTaken(snapshot, owner)
  if (taken) return { ...quiet, findings: refused(taken), requeueAfterMs: SOON_MS }

  const { password, steps: secret } = decideCommunitySecret(snapshot, owner, claim)
  const found = decideDirectory(snapshot, claim, password)
  const regression = 'use' in found ? decideRegression(snapshot, claim) : undefined
  const directory = regression ?? found
  const facts = 'use' in directory ? directory.use : undefined
  const front = decideFront(snapshot, owner, now)
  const instances =
    'refusal' in directory && claim.made.has('directory')
      ? { groups: [], events: [], growth: undefined, draining: undefined }
      : decideInstances(snapshot, owner, claim, facts, now)
  const [create = [], count = [], change = [], tell = []] = instances.groups
  const rebuild = regression?.steps ?? []
  const made: readonly (readonly Step[])[] =
    'make' in directory ? directory.make : 'use' in directory ? directory.steps : []
  const [make = [], ...fill] = made
  const invitation = facts ? decideInvitation(snapshot, owner, claim, facts) : []
  const [put = [], invite = []] = invitation
  const moving = facts && decideRebalances(snapshot, owner, facts, instances.growth, now)
  const groups = inOrder(
    // What pods mount comes before the pods; an ordinal is counted before anything lasting carries it.
    secret,
    create,
    count,
    [...make, ...rebuild, ...front.steps, ...put],
    ...fill,
    change,
    [...tell, ...invite],
    moving?.steps ?? [],
  )
  const refusals: Refusal[] = []
  if (!server.ok) refusals.push(server.refusal)
  if ('refusal' in directory) refusals.push(directory.refusal)
  if (front.refusal) refusals.push(front.refusal)
  if (server.ok && instances.growth?.grow && server.placed >= server.carries)
    refusals.push(full(snapshot, server))
  const { findings, counts } = describe(snapshot, {
    directory: facts,
    regressed: regression?.refusal,
    growth: instances.growth,
    refusals,
    busy: groups.length > 0,
    balance: moving?.finding,
    draining: instances.draining,
  })
  const opening = facts?.instances.some(({ state }) => state === 'Opening') ?? true
  return {
    groups,
    findings: [...findings, describeCertificate(snapshot, now)],
    counts,
    certificateEnds: endingOf(snapshot)?.notAfter,
    events: [...(regression?.events ?? []), ...instances.events, ...(moving?.events ?? [])],
    requeueAfterMs: Math.min(
      requeue(instances.growth, refusals.length > 0 || opening ? SOON_MS * (1 + chance.jitter) : slow),
      (instances.draining?.forMs ?? slow) + 100,
    ),
  }
}

const refusedStarting: CommunityFinding[] = [
  { type: 'Ready', status: 'False', reason: 'Starting', message: 'the domain is being claimed' },
]

function requeue(growth: CommunityDecisionGrowth, otherwise: number): number {
  if (growth?.why !== 'WaitingBetweenInstances') return otherwise
  return Math.min(otherwise, growth.forMs + 100)
}
type CommunityDecisionGrowth = ReturnType<typeof decideInstances>['growth']

const full = (
  { community }: CommunitySnapshot,
  { endpoint, carries }: Extract<CommunitySnapshot['server'], { ok: true }>,
): Refusal => ({
  reason: 'DatabaseFull',
  message: `PostgreSQL at ${endpoint.host}:${endpoint.port} has connections for ${carries} instances, and all are used: raise its max_connections${
    community.spec.database.mode === 'Shared' ? ' (chart value postgres.instances)' : ''
  }`,
})

/** Objects of this Community's names must be its own: nobody else's is ever overwritten. */
function nameTaken({ community, live, instances }: CommunitySnapshot, owner: Owner): Refusal | undefined {
  const all: (KubeObject | undefined)[] = [
    ...[live.secret, live.invitation, live.service, live.ingress, live.networkPolicy],
    ...instances,
  ]
  if (community.spec.ingress.tls.mode === 'CA') all.push(live.certificate)
  const others = all.filter((object) => object !== undefined).filter((object) => !isOurs(object, owner))
  const foreign = others.find((object) => !isOfEarlier(object, owner)) ?? others[0]
  if (!foreign) return undefined
  if (isOfEarlier(foreign, owner))
    return {
      reason: 'Starting',
      message: `${foreign.kind} ${foreign.metadata.name} of an earlier Community of this name is still being removed`,
    }
  return {
    reason: 'NameTaken',
    message: `${foreign.kind} ${foreign.metadata.name} in the namespace ${owner.namespace} was not made for this Community: delete or rename it, or choose another metadata.name`,
  }
}

function paused(snapshot: CommunitySnapshot, now: number): Omit<CommunityDecision, 'requeueAfterMs'> {
  const { directory } = snapshot
  const { findings, counts } = describe(snapshot, {
    directory: directory.state === 'known' ? directory.facts : undefined,
    regressed: undefined,
    growth: undefined,
    refusals: [],
    busy: false,
    balance: undefined,
    draining: undefined,
  })
  const message = 'spec.paused is true: nothing is changed until it is false'
  return {
    groups: [],
    events: [],
    counts,
    certificateEnds: endingOf(snapshot)?.notAfter,
    findings: [
      ...findings.map(
        (finding): CommunityFinding =>
          finding.type === 'Progressing'
            ? { ...finding, status: 'False', reason: 'Paused', message }
            : finding,
      ),
      describeCertificate(snapshot, now),
    ],
  }
}
