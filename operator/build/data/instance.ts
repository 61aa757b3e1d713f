// The Instance object: what the Community controller wants of one home.
import type { InstanceSpec } from '../../api/objects.ts'
import type { KubeObject } from '../../kube/types.ts'
import { instanceName } from '../names.ts'
import { instanceLabels, type Owner, owned } from '../owned.ts'

export const buildInstance = (
  owner: Owner,
  wish: { ordinal: number; cap: number; image: string; state: InstanceSpec['state'] },
): KubeObject => ({
  apiVersion: owner.apiVersion,
  kind: 'Instance',
  metadata: owned(owner, instanceName(owner.name, wish.ordinal), instanceLabels(owner, wish.ordinal)),
  spec: { community: owner.name, ...wish },
})
