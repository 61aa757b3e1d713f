/** The ways to a cluster: the user's own, k3s from an image registry, or a node built from package registries. */
export type ClusterKind = 'context' | 'registry' | 'packages'

/** The ports of this machine that lead to the cluster's ingress. */
export type Ports = { readonly https: number; readonly http: number }

/** Where a cluster's own images come from; what is absent is the chart's default, pulled from a registry. */
export type Images = { readonly appBase?: string; readonly postgres?: string }

/** A cluster that Hamlet can be installed into, whichever way it came to be. */
export type Cluster = {
  readonly kind: ClusterKind
  readonly name: string
  /** A file with this cluster alone as its current context. */
  readonly kubeconfigPath: string
  readonly ingressClass: string
  /** The Service that takes requests inside the cluster, as `namespace/name`; none where we do not know it. */
  readonly ingressService?: string
  readonly ports?: Ports
  readonly images: Images
  /** Hands an image of this machine's engine to the cluster; a repeat for the same reference costs nothing. */
  loadImage(ref: string): Promise<void>
}

/** How one cluster is told from another on the same machine. */
export type ClusterName = {
  /** The start of the names of all its containers and volumes. */
  readonly name: string
  /** The folder for its kubeconfig, certificate authority and notes. */
  readonly folder: string
  /** The ports to publish, as long as nobody else has them. */
  readonly wishedPorts: Ports
}

/** The cluster that `npm run up` makes. */
export const own: ClusterName = {
  name: 'hamlet',
  folder: new URL('../../.hamlet', import.meta.url).pathname,
  wishedPorts: { https: 443, http: 80 },
}

/** A second cluster, which tests may use while a person's own goes on running. */
export const forTests: ClusterName = {
  name: 'hamlet-test',
  folder: new URL('../../node_modules/.cache/hamlet-test', import.meta.url).pathname,
  wishedPorts: { https: 8443, http: 8080 },
}
