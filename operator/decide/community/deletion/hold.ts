// The finalizer: whether a deleted Community waits for the operator.
import type { Claim } from '../../../build/data/claim.ts'
import type { Step } from '../../decision.ts'
import type { CommunitySnapshot } from '../../snapshot.ts'

/** Keeps a deleted Community in sight until its data is gone. */
export const FINALIZER = 'hamlet.coop/community'

type Held = {
  readonly name: string
  readonly namespace?: string
  readonly resourceVersion?: string
  readonly finalizers?: readonly string[]
}

export const isHeld = ({ finalizers }: Held): boolean => finalizers?.includes(FINALIZER) ?? false

/** May the Community of this name in this namespace use the domain? Without a claim whoever comes first may. */
export const mayClaim = (claim: Claim | undefined, { name, namespace }: Held): boolean =>
  !claim || (claim.owner.namespace === namespace && claim.owner.name === name)

/**
 * Only a Community whose data shall go with it is held. Under Retain all that goes is in its namespace and owned by it, so
 * the cluster's own garbage collection takes it, and nobody waits for an operator that is away or has lost its rights.
 */
export function decideHold({ community, claim }: CommunitySnapshot): Step[] {
  const { metadata, spec } = community
  const wanted = spec.deletionPolicy === 'Delete' && mayClaim(claim, metadata)
  if (wanted === isHeld(metadata)) return []
  return wanted ? [patch(metadata, [...(metadata.finalizers ?? []), FINALIZER])] : [release(metadata)]
}

export const release = (metadata: Held): Step =>
  patch(metadata, metadata.finalizers?.filter((name) => name !== FINALIZER) ?? [])

const patch = ({ name, namespace, resourceVersion }: Held, finalizers: readonly string[]): Step => ({
  do: 'patch',
  kind: 'community',
  name: { name, ...(namespace && { namespace }) },
  // Exactly the version that was seen: other finalizers may have come or gone.
  patch: { metadata: { resourceVersion, finalizers } },
})
