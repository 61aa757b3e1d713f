// One look at a Community → what to do and what to say. Pure: the same snapshot gives the same decision.
import type { Owner } from '../../build/owned.ts'
import { isOurs } from '../../build/owned.ts'
import { type Decision, inOrder, type Step } from '../decision.ts'
import { decideInstances } from '../growth/instances.ts'
import type { CommunitySnapshot, Refusal } from '../snapshot.ts'
import { decideClaim } from './claim.ts'
import { decideDeletion } from './deletion.ts'
import { decideDirectory } from './directory.ts'
import { decideFront } from './front.ts'
import { decideCommunitySecret, decideInvitation } from './secrets.ts'
import { type CommunityCounts, type CommunityFinding, describe, refused } from './status.ts'

export type CommunityDecision = Decision<CommunityFinding['type'], CommunityCounts>

/** Backs up the wakes of instances, which may get lost. Jittered, so that many communities spread. */
const POLL_MS = 60_000
const SOON_MS = 5_000

export function decideCommunity(snapshot: CommunitySnapshot, now: number): CommunityDecision {
  const { community, chance, server } = snapshot
  const { metadata, spec } = community
  const owner: Owner = {
    apiVersion: community.apiVersion,
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
  }
  if (metadata.deletionTimestamp) return decideDeletion(snapshot)
  const quiet = { groups: [], counts: {}, events: [] }
  const slow = POLL_MS * (1 + chance.jitter)
  const claimed = decideClaim(snapshot)
  if ('refusal' in claimed) return { ...quiet, findings: refused(claimed.refusal), requeueAfterMs: slow }
  if (spec.paused) return { ...paused(snapshot), requeueAfterMs: slow }
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
  const directory = decideDirectory(snapshot, claim, password)
  const facts = 'use' in directory ? directory.use : undefined
  const front = decideFront(snapshot, owner, now)
  const instances =
    'refusal' in directory && claim.made.has('directory')
      ? { groups: [], events: [], growth: undefined }
      : decideInstances(snapshot, owner, claim, facts, now)
  const [create = [], count = [], change = [], tell = []] = instances.groups
  const made: readonly (readonly Step[])[] =
    'make' in directory ? directory.make : 'use' in directory ? directory.steps : []
  const [make = [], ...fill] = made
  const invitation = facts ? decideInvitation(snapshot, owner, claim, facts) : []
  const [put = [], invite = []] = invitation
  const groups = inOrder(
    // What pods mount comes before the pods; an ordinal is counted before anything lasting carries it.
    secret,
    create,
    count,
    [...make, ...front.steps, ...put],
    ...fill,
    change,
    [...tell, ...invite],
  )
  const refusals: Refusal[] = []
  if (!server.ok) refusals.push(server.refusal)
  if ('refusal' in directory) refusals.push(directory.refusal)
  if (front.refusal) refusals.push(front.refusal)
  if (server.ok && instances.growth?.grow && server.placed >= server.carries)
    refusals.push(full(snapshot, server))
  const { findings, counts } = describe(snapshot, {
    directory: facts,
    growth: instances.growth,
    refusals,
    busy: groups.length > 0,
  })
  const opening = facts?.instances.some(({ state }) => state === 'Opening') ?? true
  return {
    groups,
    findings,
    counts,
    events: instances.events,
    requeueAfterMs: requeue(
      instances.growth,
      refusals.length > 0 || opening ? SOON_MS * (1 + chance.jitter) : slow,
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

/** The objects of the front and the Secrets must be this Community's: nobody else's is ever overwritten. */
function nameTaken({ community, live }: CommunitySnapshot, owner: Owner): Refusal | undefined {
  const all = [live.secret, live.invitation, live.service, live.ingress, live.networkPolicy]
  if (community.spec.ingress.tls.mode === 'CA') all.push(live.certificate)
  const foreign = all.find((object) => object && !isOurs(object, owner))
  if (!foreign) return undefined
  return {
    reason: 'NameTaken',
    message: `${foreign.kind} ${foreign.metadata.name} in the namespace ${owner.namespace} was not made for this Community: delete or rename it, or choose another metadata.name`,
  }
}

function paused(snapshot: CommunitySnapshot): Omit<CommunityDecision, 'requeueAfterMs'> {
  const { directory } = snapshot
  const { findings, counts } = describe(snapshot, {
    directory: directory.state === 'known' ? directory.facts : undefined,
    growth: undefined,
    refusals: [],
    busy: false,
  })
  const message = 'spec.paused is true: nothing is changed until it is false'
  return {
    groups: [],
    events: [],
    counts,
    findings: findings.map((finding) =>
      finding.type === 'Progressing' ? { ...finding, status: 'False', reason: 'Paused', message } : finding,
    ),
  }
}
