// One look at an Instance → its database, its pod, and what is said of it. Pure.
import { GIVE_UP, type InstanceStatus } from '../../api/objects.ts'
import { type Claim, madeKey, ordinalsOf } from '../../build/data/claim.ts'
import { buildInstanceSecret, readSecret } from '../../build/data/secrets.ts'
import { passwordOf } from '../../build/database-url.ts'
import { databaseName, directoryName } from '../../build/names.ts'
import { isOfEarlier, isOurs, type Owner } from '../../build/owned.ts'
import { buildInstanceService } from '../../build/workload/service.ts'
import { changed, INSTANCE_MANAGER } from '../changed.ts'
import { noteInClaim } from '../community/claim.ts'
import { secretDiffers } from '../community/secrets.ts'
import { type Decision, inOrder, type Step } from '../decision.ts'
import type { InstanceSnapshot, Refusal } from '../snapshot.ts'
import { decideDatabase } from './database.ts'
import { decideRetired } from './retired.ts'
import { mayRoll, secretsHash, workload } from './rollout.ts'
import { describeInstance, type InstanceFinding } from './status.ts'

export type InstanceCounts = Pick<InstanceStatus, 'members' | 'cap'>
export type InstanceDecision = Decision<InstanceFinding['type'], InstanceCounts> & {
  /** A pod that is there is replaced by these steps, or has to wait for others. */
  readonly rollout: 'begins' | 'waits' | undefined
}

const POLL_MS = 120_000
const SOON_MS = 3_000
/** One that is emptied is looked into more often: nothing tells when its last row goes. */
const DRAINING_MS = 10_000

export function decideInstance(snapshot: InstanceSnapshot): InstanceDecision | undefined {
  const { instance, community, claim, chance, live, server, settings } = snapshot
  // The Community's own deletion takes everything away in order; the claim says whose the data is.
  if (community.metadata.deletionTimestamp || instance.metadata.deletionTimestamp) return undefined
  if (!claim || claim.owner.uid !== community.metadata.uid) return undefined
  const owner: Owner = {
    apiVersion: community.apiVersion,
    namespace: community.metadata.namespace,
    name: community.metadata.name,
    uid: community.metadata.uid,
  }
  const { ordinal } = instance.spec
  const paused = community.spec.paused
  const foreign = [live.secret, live.deployment, live.service].find(
    (object) => object && !isOurs(object, owner),
  )
  const refusals: Refusal[] = []
  if (foreign && isOfEarlier(foreign, owner))
    refusals.push({
      reason: 'Starting',
      message: `${foreign.kind} ${foreign.metadata.name} of an earlier Community of this name is still being removed`,
    })
  else if (foreign)
    refusals.push({
      reason: 'NameTaken',
      message: `${foreign.kind} ${foreign.metadata.name} in the namespace ${owner.namespace} was not made for this Community: delete or rename it`,
    })
  const had = readSecret(live.secret)
  const password = passwordOf(had?.['database-url']) ?? chance.password
  const database = decideDatabase(snapshot, claim, password)
  const secret = server.endpoint
    ? buildInstanceSecret(owner, { endpoint: server.endpoint, prefix: claim.prefix, ordinal, password })
    : undefined
  const databaseUrl = readSecret(secret)?.['database-url'] ?? had?.['database-url']
  const directoryUrl = readSecret(live.communitySecret)?.['directory-url']
  const deployment = workload(snapshot, owner, instance, secretsHash(databaseUrl, directoryUrl))
  const turn = mayRoll(snapshot, owner, deployment)
  let groups: Step[][] = []
  let rollout: InstanceDecision['rollout']
  if (!paused && !foreign) {
    const put: Step[] =
      secret && secretDiffers(live.secret, secret) ? [{ do: 'put', object: secret, live: live.secret }] : []
    const service = buildInstanceService(owner, ordinal)
    const work: Step[] = []
    // Without its Secrets a pod would only wait for its volume.
    if (databaseUrl && directoryUrl && turn.may && changed(live.deployment, deployment, INSTANCE_MANAGER)) {
      work.push({ do: 'apply', object: deployment, live: live.deployment })
      if (turn.begins) rollout = 'begins'
    }
    if (!turn.may) rollout = 'waits'
    if (changed(live.service, service, INSTANCE_MANAGER))
      work.push({ do: 'apply', object: service, live: live.service })
    const note: Step[] =
      database.sound && !claim.made.has(String(ordinal))
        ? [noteInClaim(settings.namespace, claim, { [madeKey(String(ordinal))]: 'true' })]
        : []
    // The pod starts while its database is made: it waits for it, and both take about as long.
    groups = inOrder(put, [...database.make, ...work], database.fill, note, givenUp(snapshot, claim))
  }
  const retired = paused || foreign ? undefined : decideRetired(snapshot, claim)
  if (retired) return { ...goes(snapshot), groups: retired }
  if (database.refusal) refusals.push(database.refusal)
  const { findings, counts } = describeInstance(snapshot, {
    refusals,
    databaseName: databaseName(claim.prefix, ordinal),
    databaseReady: database.sound,
    waitsForTurn: turn.may ? undefined : turn.why,
  })
  const settled =
    groups.length === 0 && findings.every(({ type, status }) => type !== 'Ready' || status === 'True')
  return {
    groups,
    findings,
    counts,
    events: [],
    rollout,
    // Who waits for others is woken when they are done.
    requeueAfterMs:
      (settled || paused || (rollout === 'waits' && groups.length === 0)
        ? isAwaited(findings)
          ? DRAINING_MS
          : POLL_MS
        : SOON_MS) *
      (1 + chance.jitter),
  }
}

/** What somebody has confirmed to be lost. */
function givenUp({ instance, community, database }: InstanceSnapshot, claim: Claim): Step[] {
  const missing = database.state === 'known' ? database.facts?.missing : undefined
  const code = community.metadata.annotations?.[GIVE_UP]
  if (!missing || missing.count === 0 || missing.code !== code) return []
  const { ordinal } = instance.spec
  const databaseOf = (one: number) => ({ ordinal: one, name: databaseName(claim.prefix, one) })
  const homes = ordinalsOf(claim).map(databaseOf)
  return [
    {
      do: 'giveUpMissing',
      directory: directoryName(claim.prefix),
      home: databaseOf(ordinal),
      homes,
      code,
    },
  ]
}

/** Rows that are kept for days are no reason to look again soon. */
const isAwaited = (findings: readonly InstanceFinding[]): boolean =>
  findings.some(({ type, status, reason }) => type === 'Drained' && status !== 'True' && reason !== 'Kept')

function goes({ instance, chance }: InstanceSnapshot): Omit<InstanceDecision, 'groups'> {
  const message = 'nobody lives here, and it is being removed'
  return {
    findings: (['Ready', 'Serving', 'Accepting'] as const).map((type) => ({
      type,
      status: 'False',
      reason: 'Retired',
      message,
    })),
    counts: { members: 0, ...(instance.status.cap !== undefined && { cap: instance.status.cap }) },
    events: [],
    rollout: undefined,
    requeueAfterMs: SOON_MS * (1 + chance.jitter),
  }
}
