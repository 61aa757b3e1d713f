// What marks an object as ours: labels to select and to check by, and the Community as owner.
import { COMMUNITY_LABEL, INSTANCE_LABEL } from '../api/objects.ts'
import type { KubeObject } from '../kube/types.ts'
import { instanceName } from './names.ts'

/** Whose objects are built. */
export type Owner = {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly apiVersion: string
}

/** The uid tells a Community from an earlier one of the same name. */
export const UID_LABEL = 'hamlet.coop/community-uid'

export const appLabels = {
  'app.kubernetes.io/name': 'hamlet',
  'app.kubernetes.io/managed-by': 'hamlet',
}

export const communityLabels = (owner: Owner): Record<string, string> => ({
  ...appLabels,
  [COMMUNITY_LABEL]: owner.name,
  [UID_LABEL]: owner.uid,
})

export const instanceLabels = (owner: Owner, ordinal: number): Record<string, string> => ({
  ...communityLabels(owner),
  'app.kubernetes.io/component': 'instance',
  [INSTANCE_LABEL]: instanceName(owner.name, ordinal),
})

/**
 * Metadata of an object that goes with the Community. All of it can be made again: what cannot is in PostgreSQL and in the
 * claim, which nothing owns. Instances own nothing, so one deleted by hand takes no pod with it.
 */
export const owned = (
  owner: Owner,
  name: string,
  labels: Record<string, string> = communityLabels(owner),
): KubeObject['metadata'] => ({
  name,
  namespace: owner.namespace,
  labels,
  ownerReferences: [
    {
      apiVersion: owner.apiVersion,
      kind: 'Community',
      name: owner.name,
      uid: owner.uid,
      controller: true,
      blockOwnerDeletion: true,
    },
  ],
})

/**
 * Was this object made for an earlier Community of this name? Its owner is gone, for the name has another one now, so the
 * cluster's garbage collection is about to take it.
 */
export const isOfEarlier = ({ metadata }: KubeObject, owner: Owner): boolean =>
  metadata.labels?.[COMMUNITY_LABEL] === owner.name &&
  (metadata.ownerReferences ?? []).some(
    ({ kind, name, uid, controller }) =>
      kind === 'Community' && name === owner.name && uid !== owner.uid && controller === true,
  )

/** Was this object made for this very Community? */
export const isOurs = (object: KubeObject, owner: Owner): boolean =>
  object.metadata.labels?.[COMMUNITY_LABEL] === owner.name && object.metadata.labels[UID_LABEL] === owner.uid
