// What a deleted Community leaves: everything that cannot be made again (Retain, for which nobody waits), or nothing.
import { CONFIRM_DELETE } from '../../../api/objects.ts'
import { type Decision, inOrder, type Step } from '../../decision.ts'
import type { CommunitySnapshot, Refusal } from '../../snapshot.ts'
import { type CommunityCounts, type CommunityFinding, refused } from '../status.ts'
import { isHeld, release } from './hold.ts'

/** Pods first, for they write; then the data; then the claim, which says where the data was; then the object. */
export function decideDeletion(
  snapshot: CommunitySnapshot,
): Decision<CommunityFinding['type'], CommunityCounts> {
  const { community, claim, settings, remains, server } = snapshot
  const { metadata, spec } = community
  const wait = (refusal: Refusal, requeueAfterMs = 30_000) => ({
    groups: [],
    findings: refused(refusal),
    counts: {},
    events: [],
    requeueAfterMs,
  })
  const act = (...groups: Step[][]) => ({
    groups: inOrder(...groups),
    findings: refused({ reason: 'Deleting', message: 'being deleted' }),
    counts: {},
    events: [],
    requeueAfterMs: 2_000,
  })
  if (!isHeld(metadata)) return act()
  // What is left in the namespace goes with its owner. A claim of another one says that its data is not ours to drop.
  if (spec.deletionPolicy !== 'Delete' || claim?.owner.uid !== metadata.uid) return act([release(metadata)])
  if (metadata.annotations?.[CONFIRM_DELETE] !== spec.domain)
    return wait({
      reason: 'ConfirmationMissing',
      message: `spec.deletionPolicy is Delete, which destroys all accounts and posts of ${spec.domain}: to confirm, \`kubectl -n ${metadata.namespace} annotate community ${metadata.name} ${CONFIRM_DELETE}=${spec.domain}\`; to keep the data, set spec.deletionPolicy to Retain`,
    })
  if (remains.objects.length > 0)
    return act(remains.objects.map((object): Step => ({ do: 'delete', object })))
  if (remains.pods > 0) return act()
  // A claim without a system identifier never met a PostgreSQL, so there is no data that could be left behind.
  if (!server.ok && claim.systemIdentifier !== '')
    return wait({
      reason: server.refusal.reason,
      message: `the data cannot be deleted: ${server.refusal.message}; or set spec.deletionPolicy to Retain, which leaves it there`,
    })
  // No database there and another server than the claim names: nothing was found is not the same as nothing is left.
  if (server.ok && claim.systemIdentifier && claim.systemIdentifier !== server.systemIdentifier)
    return wait({
      reason: 'DataMissing',
      message: `this is not the PostgreSQL that has the data of ${spec.domain}: point spec.database to that one, or set spec.deletionPolicy to Retain, which leaves it there`,
    })
  if (remains.databases > 0) return act([{ do: 'dropDatabases', prefix: claim.prefix }])
  const unclaim: Step = {
    do: 'delete',
    object: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: claim.name, namespace: settings.namespace, uid: claim.uid },
    },
  }
  return act([unclaim], [release(metadata)])
}
