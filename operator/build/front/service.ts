// The community's own Service: any ready pod of any of its instances takes any request.
import { COMMUNITY_LABEL } from '../../api/objects.ts'
import type { KubeObject } from '../../kube/types.ts'
import { communityLabels, type Owner, owned } from '../owned.ts'

export const buildService = (owner: Owner): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: owned(owner, owner.name, communityLabels(owner)),
  spec: {
    type: 'ClusterIP',
    selector: { [COMMUNITY_LABEL]: owner.name, 'app.kubernetes.io/component': 'instance' },
    ports: [{ name: 'http', port: 80, targetPort: 'public', protocol: 'TCP' }],
  },
})
