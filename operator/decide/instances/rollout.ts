// Pods are replaced one instance at a time in each community and in few communities at a time, so that a bad image or a
// bad setting meets one home first, and a cluster is not asked to start all of them at once.
import { createHash } from 'node:crypto'
import type { Instance } from '../../api/objects.ts'
import type { Owner } from '../../build/owned.ts'
import { buildDeployment, SECRETS_HASH } from '../../build/workload/deployment.ts'
import type { KubeObject } from '../../kube/types.ts'
import { changed, INSTANCE_MANAGER } from '../changed.ts'
import type { InstanceSnapshot } from '../snapshot.ts'
import { rolledOut, serves, stuck } from './pods.ts'

export const workload = (
  { community, settings, trustsCa }: InstanceSnapshot,
  owner: Owner,
  { spec }: Instance,
  secretsHash: string,
): KubeObject =>
  buildDeployment(owner, {
    ordinal: spec.ordinal,
    domain: community.spec.domain,
    image: spec.image,
    pullPolicy: settings.pullPolicy,
    resources: community.spec.resources,
    egressAllow: settings.egressAllow.join(','),
    egressHosts: settings.egressHosts,
    wakeUrl: settings.wakeUrl,
    logLevel: settings.logLevel,
    trustsCa,
    secretsHash,
  })

/** Of what a pod reads from its Secrets at its start. Both URLs carry passwords of 192 random bits. */
export const secretsHash = (databaseUrl: string | undefined, directoryUrl: string | undefined): string =>
  createHash('sha256').update(`${databaseUrl}\0${directoryUrl}`).digest('hex').slice(0, 16)

/** What a Deployment was made with: a sibling's Secret is none of ours to read. */
const secretsOf = (deployment: KubeObject): string =>
  Object(Object(Object(deployment.spec).template).metadata).annotations?.[SECRETS_HASH] ?? ''

/** `begins`: a pod that is there is replaced. */
export type Turn =
  | { readonly may: true; readonly begins: boolean }
  | { readonly may: false; readonly why: string }

/**
 * A new Deployment starts at once. A change waits for every sibling that is being replaced, and for those with a lower
 * ordinal that still have to be: two looks at the same moment then never pick two. One that is stuck holds up nobody.
 * Other communities are waited for only by a pod that is well: one that does not serve, or has a password that works no
 * longer, loses nothing and gains all. So are moves from and to it that are under way.
 */
export function mayRoll(snapshot: InstanceSnapshot, owner: Owner, desired: KubeObject): Turn {
  const { live, instance, siblings, budget, moving } = snapshot
  if (!live.deployment || !changed(live.deployment, desired, INSTANCE_MANAGER))
    return { may: true, begins: false }
  for (const sibling of siblings) {
    if (!sibling.deployment || stuck(sibling.deployment)) continue
    const first =
      sibling.instance.spec.ordinal < instance.spec.ordinal &&
      changed(
        sibling.deployment,
        workload(snapshot, owner, sibling.instance, secretsOf(sibling.deployment)),
        INSTANCE_MANAGER,
      )
    if (first || !rolledOut(sibling.deployment))
      return { may: false, why: `${sibling.instance.metadata.name} is replaced first` }
  }
  const well = serves(live.deployment) && secretsOf(live.deployment) === secretsOf(desired)
  // No other move begins while it waits. One that does not serve gets nobody any further.
  if (well && moving)
    return { may: false, why: 'a member is being moved: it is replaced as soon as that move has ended' }
  // Which ones is nobody's business, and a message that changed with them would be written again and again.
  if (well && budget.elsewhere >= budget.limit)
    return {
      may: false,
      why: `other communities are replaced first, ${budget.limit} at a time (chart value rollouts.communities)`,
    }
  return { may: true, begins: true }
}
