// Whether a Rebalance is worked on now, and what is told of it where it is not.
import {
  type Community,
  describeProblems,
  parseCommunity,
  parseRebalance,
  type Rebalance,
} from '../../api/objects.ts'
import { rebalanceStatus } from '../../api/rebalance.ts'
import type { Decision } from '../../decide/decision.ts'
import { describeUnworked, describeWaiting } from '../../decide/rebalance/status.ts'
import { isOver, turnOf } from '../../decide/rebalance/turn.ts'
import type { Refusal } from '../../decide/snapshot.ts'
import { nameOf, resources } from '../../kube/resources.ts'
import type { Kube, KubeObject } from '../../kube/types.ts'
import { rebalancesOf } from '../../observe/community.ts'

type Reading = Pick<Kube, 'get' | 'list'>

/** Backs up the watches. */
const POLL_MS = 600_000

/** `namespace/name` of the Community that a Rebalance names; undefined when there is no such Rebalance, or it is over. */
export async function communityKeyOf(key: string, kube: Pick<Kube, 'get'>): Promise<string | undefined> {
  const object = await kube.get(resources.rebalance, nameOf(key))
  if (!object || isOver({ status: statusOf(object) })) return undefined
  return `${object.metadata.namespace}/${Object(object.spec).community}`
}

const statusOf = (object: KubeObject) => rebalanceStatus.safeParse(object.status ?? {}).data ?? {}

export type Out = { readonly object: KubeObject } & (
  | { readonly rebalance: Rebalance; readonly community: Community }
  | { readonly decision: Decision<string, object> }
)

/**
 * Undefined where nothing is to be done and nothing to be told: it is over, is gone, or is about to be. Others of its
 * community must not be looked at before its status is written: by that they know who was first.
 */
export async function lookOut(key: string, { kube }: { readonly kube: Reading }): Promise<Out | undefined> {
  const { name, namespace = '' } = nameOf(key)
  // It is taken from among all, which have to be seen as they were at one moment in any case.
  const objects = await kube.list(resources.rebalance, { namespace })
  const object = objects.find(({ metadata }) => metadata.name === name)
  if (!object || object.metadata.deletionTimestamp) return undefined
  const status = statusOf(object)
  if (isOver({ status })) return undefined
  const tell = (told: Pick<Decision<string, object>, 'findings' | 'counts'>): Out => ({
    object,
    decision: { ...told, groups: [], events: [], requeueAfterMs: POLL_MS },
  })
  const parsed = parseRebalance(object)
  if (!parsed.ok)
    return tell(
      describeUnworked(status, { reason: 'InvalidSpec', message: describeProblems(parsed.problems) }),
    )
  const rebalance = parsed.value
  const found = await findCommunity(rebalance, kube)
  if (!found) return undefined
  if ('refusal' in found) return tell(describeUnworked(status, found.refusal))
  const { community } = found
  const turn = turnOf(rebalance, rebalancesOf(objects, community.metadata.name), community)
  if (turn.is === 'never') return undefined
  return turn.is === 'now' ? { object, rebalance, community } : tell(describeWaiting(rebalance, turn.first))
}

async function findCommunity(
  { metadata, spec }: Rebalance,
  kube: Reading,
): Promise<{ readonly community: Community } | { readonly refusal: Refusal } | undefined> {
  const { namespace } = metadata
  const name = spec.community
  const object = await kube.get(resources.community, { namespace, name })
  if (!object) {
    // The cluster's garbage collection is about to take it.
    if (metadata.ownerReferences?.some(({ kind }) => kind === 'Community')) return undefined
    const message = `spec.community: there is no Community ${name} in namespace ${namespace}: make it, or delete this Rebalance and make one that names another`
    return { refusal: { reason: 'CommunityMissing', message } }
  }
  if (object.metadata.deletionTimestamp) {
    const message = `spec.community: the Community ${name} is being deleted: nobody is moved, and what was begun rests where it is; what the deletion waits for: \`kubectl -n ${namespace} describe community ${name}\``
    return { refusal: { reason: 'Deleting', message } }
  }
  const parsed = parseCommunity(object)
  if (parsed.ok) return { community: parsed.value }
  const message = `spec.community: the Community ${name} cannot be worked with: ${describeProblems(parsed.problems)}`
  return { refusal: { reason: 'CommunityMissing', message } }
}
