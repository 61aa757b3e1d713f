// Pods are replaced one instance at a time, so that a bad image or a bad setting meets one home first.
import { createHash } from 'node:crypto'
import type { Instance } from '../../api/objects.ts'
import type { Owner } from '../../build/owned.ts'
import { buildDeployment, SECRETS_HASH } from '../../build/workload/deployment.ts'
import type { KubeObject } from '../../kube/types.ts'
import { changed, INSTANCE_MANAGER } from '../changed.ts'
import type { InstanceSnapshot } from '../snapshot.ts'
import { rolledOut, stuck } from './pods.ts'

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

export type Turn = { readonly may: true } | { readonly may: false; readonly behind: string }

/**
 * A new Deployment starts at once. A change waits for every sibling that is being replaced, and for those with a lower
 * ordinal that still have to be: two looks at the same moment then never pick two. One that is stuck holds up nobody.
 */
export function mayRoll(snapshot: InstanceSnapshot, owner: Owner, desired: KubeObject): Turn {
  const { live, instance, siblings } = snapshot
  if (!live.deployment || !changed(live.deployment, desired, INSTANCE_MANAGER)) return { may: true }
  for (const sibling of siblings) {
    if (!sibling.deployment || stuck(sibling.deployment)) continue
    const first =
      sibling.instance.spec.ordinal < instance.spec.ordinal &&
      changed(
        sibling.deployment,
        workload(snapshot, owner, sibling.instance, secretsOf(sibling.deployment)),
        INSTANCE_MANAGER,
      )
    if (first || !rolledOut(sibling.deployment)) return { may: false, behind: sibling.instance.metadata.name }
  }
  return { may: true }
}
