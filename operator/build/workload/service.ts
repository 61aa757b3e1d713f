// The internal address of one instance: siblings and figures, never the public.
import { COMMUNITY_LABEL, INSTANCE_LABEL } from '../../api/objects.ts'
import type { KubeObject } from '../../kube/types.ts'
import { instanceName } from '../names.ts'
import { instanceLabels, type Owner, owned } from '../owned.ts'

export function buildInstanceService(owner: Owner, ordinal: number): KubeObject {
  const name = instanceName(owner.name, ordinal)
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: owned(owner, name, instanceLabels(owner, ordinal)),
    spec: {
      type: 'ClusterIP',
      selector: { [COMMUNITY_LABEL]: owner.name, [INSTANCE_LABEL]: name },
      ports: [{ name: 'internal', port: 8081, targetPort: 'internal', protocol: 'TCP' }],
    },
  }
}
