// What a Community that is being deleted still has in its namespace. Secrets are found by name: they are never listed.
import { COMMUNITY_LABEL, type Community, type Instance } from '../api/objects.ts'
import type { Claim } from '../build/data/claim.ts'
import { certificateName, communitySecretName, instanceName, invitationName } from '../build/names.ts'
import { isOurs } from '../build/owned.ts'
import { resources } from '../kube/resources.ts'
import type { Kube, KubeObject } from '../kube/types.ts'

const KINDS = [
  resources.ingress,
  resources.service,
  resources.deployment,
  resources.instance,
  resources.rebalance,
  resources.networkPolicy,
]

export async function findRemains(
  kube: Pick<Kube, 'get' | 'list'>,
  { apiVersion, metadata }: Community,
  claim: Claim | undefined,
  instances: readonly Instance[],
): Promise<{ objects: KubeObject[]; pods: number }> {
  const { namespace, name, uid } = metadata
  const labelSelector = `${COMMUNITY_LABEL}=${name}`
  const ordinals = new Set(instances.map(({ spec }) => spec.ordinal))
  for (let ordinal = 1; ordinal < (claim?.nextOrdinal ?? 1); ordinal++) ordinals.add(ordinal)
  const secrets = [
    communitySecretName(name),
    invitationName(name),
    certificateName(name),
    ...[...ordinals].map((ordinal) => instanceName(name, ordinal)),
  ]
  const [listed, named, pods] = await Promise.all([
    Promise.all(KINDS.map((kind) => kube.list(kind, { namespace, labelSelector }))),
    Promise.all(secrets.map((secret) => kube.get(resources.secret, { namespace, name: secret }))),
    kube.list(resources.pod, { namespace, labelSelector }),
  ])
  const owner = { apiVersion, namespace, name, uid }
  const objects = [...listed.flat(), ...named.filter((secret) => secret !== undefined)]
  return { objects: objects.filter((object) => isOurs(object, owner)), pods: pods.length }
}
