// Who may talk to the pods of a community, and whom they may talk to. It has an effect where the network enforces it.
import { COMMUNITY_LABEL } from '../../api/objects.ts'
import type { KubeObject } from '../../kube/types.ts'
import type { Endpoint } from '../database-url.ts'
import { communityLabels, type Owner, owned } from '../owned.ts'

export type NetworkWish = {
  readonly operatorNamespace: string
  /** PostgreSQL; undefined while it is not known. */
  readonly postgres: Endpoint | undefined
  /** Private networks that requests may go to. */
  readonly egressAllow: readonly string[]
}

/** Not the world: what is behind the router. The instances' own guard refuses these too, whatever the name says. */
const PRIVATE = {
  IPv4: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '100.64.0.0/10'],
  IPv6: ['fc00::/7', 'fe80::/10'],
}

const namespace = (name: string) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
})
const tcp = (port: number) => ({ protocol: 'TCP', port })

export function buildNetworkPolicy(owner: Owner, wish: NetworkWish): KubeObject {
  const siblings = { podSelector: { matchLabels: { [COMMUNITY_LABEL]: owner.name } } }
  const operator = {
    ...namespace(wish.operatorNamespace),
    podSelector: {
      matchLabels: { 'app.kubernetes.io/name': 'hamlet', 'app.kubernetes.io/component': 'operator' },
    },
  }
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: owned(owner, owner.name, communityLabels(owner)),
    spec: {
      podSelector: { matchLabels: { [COMMUNITY_LABEL]: owner.name } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        // The ingress controller may be anywhere; the public port tells nobody anything that the domain does not.
        { ports: [tcp(8080)] },
        { from: [siblings], ports: [tcp(8080), tcp(8081)] },
        // The operator, which asks who knows whom and moves members. Figures; whoever scrapes them lives in the operator's
        // namespace or carries this label.
        {
          from: [
            namespace(wish.operatorNamespace),
            { namespaceSelector: { matchLabels: { 'hamlet.coop/scrapes': 'true' } } },
          ],
          ports: [tcp(8081)],
        },
      ],
      egress: [
        { ports: [{ protocol: 'UDP', port: 53 }, tcp(53)] },
        { to: [siblings], ports: [tcp(8081)] },
        { to: [operator], ports: [tcp(8080)] },
        ...(wish.postgres ? [{ ports: [tcp(wish.postgres.port)] }] : []),
        {
          to: [
            { ipBlock: { cidr: '0.0.0.0/0', except: PRIVATE.IPv4 } },
            { ipBlock: { cidr: '::/0', except: PRIVATE.IPv6 } },
            ...wish.egressAllow.map((cidr) => ({ ipBlock: { cidr } })),
          ],
          ports: [tcp(443), tcp(80)],
        },
      ],
    },
  }
}
