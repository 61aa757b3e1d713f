import type { Cluster } from '../cluster.ts'
import { madeBy } from '../labels.ts'

/** The chart's values for a cluster: images it has, the authority for certificates, the way to its ingress. */
export function chartValues(cluster: Cluster, image: string, ingress: string | undefined): object {
  const { postgres } = cluster.images
  return {
    image: splitImage(image),
    // From their first moment on: whatever fails after it, `down` knows them, and the next `up` does not refuse them.
    crds: { labels: { [madeBy]: 'up' } },
    ...(postgres === undefined ? {} : { postgres: { image: splitImage(postgres) } }),
    tls: { caSecret: 'hamlet-ca' },
    ingress: { className: cluster.ingressClass },
    // Communities here meet through the ingress, whose address is a private one. No other private address is open.
    // Resolvers may take *.localhost for the pod itself, whatever the cluster's DNS says.
    egress:
      ingress === undefined
        ? { allowCIDRs: [] }
        : { allowCIDRs: [`${ingress}/32`], hosts: { '*.localhost': ingress } },
    // On a person's own cluster rights stay within the one namespace that the example is in.
    ...(cluster.kind === 'context' ? { watchNamespaces: ['default'] } : { rbac: { clusterWide: true } }),
  }
}

/** An image's name as the chart takes it. A colon before the last slash belongs to a port, not to a tag. */
export function splitImage(image: string): { repository: string; tag?: string; digest?: string } {
  const [named = '', digest] = image.split('@')
  const [, repository = named, tag] = /^(.*):([^/:]+)$/.exec(named) ?? []
  return { repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) }
}
