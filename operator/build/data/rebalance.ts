// The Rebalance object, as it is made. From then on its spec is people's.
import type { RebalanceSpec } from '../../api/objects.ts'
import type { KubeObject } from '../../kube/types.ts'
import { rebalanceName } from '../names.ts'
import { communityLabels, type Owner, owned } from '../owned.ts'

export const buildRebalance = (
  owner: Owner,
  wish: { readonly number: number } & Pick<RebalanceSpec, 'reason' | 'approved'>,
): KubeObject => ({
  apiVersion: owner.apiVersion,
  kind: 'Rebalance',
  metadata: owned(owner, rebalanceName(owner.name, wish.number), communityLabels(owner)),
  spec: { community: owner.name, reason: wish.reason, approved: wish.approved },
})
