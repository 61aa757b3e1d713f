// The kinds that the operator knows, and where they are in URLs.
import type { KubeObject, ObjectName, Resource } from './types.ts'

const resource = (apiVersion: string, kind: string, plural: string, namespaced = true): Resource => ({
  apiVersion,
  kind,
  plural,
  namespaced,
})

export const resources = {
  community: resource('hamlet.coop/v1alpha1', 'Community', 'communities'),
  instance: resource('hamlet.coop/v1alpha1', 'Instance', 'instances'),
  rebalance: resource('hamlet.coop/v1alpha1', 'Rebalance', 'rebalances'),
  namespace: resource('v1', 'Namespace', 'namespaces', false),
  node: resource('v1', 'Node', 'nodes', false),
  configMap: resource('v1', 'ConfigMap', 'configmaps'),
  secret: resource('v1', 'Secret', 'secrets'),
  service: resource('v1', 'Service', 'services'),
  pod: resource('v1', 'Pod', 'pods'),
  coreEvent: resource('v1', 'Event', 'events'),
  persistentVolumeClaim: resource('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  serviceAccount: resource('v1', 'ServiceAccount', 'serviceaccounts'),
  deployment: resource('apps/v1', 'Deployment', 'deployments'),
  replicaSet: resource('apps/v1', 'ReplicaSet', 'replicasets'),
  statefulSet: resource('apps/v1', 'StatefulSet', 'statefulsets'),
  ingress: resource('networking.k8s.io/v1', 'Ingress', 'ingresses'),
  ingressClass: resource('networking.k8s.io/v1', 'IngressClass', 'ingressclasses', false),
  networkPolicy: resource('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  podDisruptionBudget: resource('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  endpointSlice: resource('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices'),
  lease: resource('coordination.k8s.io/v1', 'Lease', 'leases'),
  event: resource('events.k8s.io/v1', 'Event', 'events'),
  certificate: resource('cert-manager.io/v1', 'Certificate', 'certificates'),
  customResourceDefinition: resource(
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
    false,
  ),
} as const satisfies Record<string, Resource>

const byKind = new Map(Object.values(resources).map((r) => [`${r.apiVersion}/${r.kind}`, r]))

/** Throws for a kind that is not in the table: that is a bug, not a refusal. */
export function resourceOf({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): Resource {
  const known = byKind.get(`${apiVersion}/${kind}`)
  if (!known) throw new Error(`operator/kube/resources.ts does not know ${apiVersion} ${kind}: add it there`)
  return known
}

/** The path of one object (`name` given) or of a collection. */
export function pathOf(resource: Resource, { namespace, name }: Partial<ObjectName>, sub = ''): string {
  const base = resource.apiVersion.includes('/') ? '/apis' : '/api'
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  const object = name ? `/${encodeURIComponent(name)}` : ''
  return `${base}/${resource.apiVersion}${scope}/${resource.plural}${object}${sub}`
}

/** `namespace/name`: how objects and queue entries are called. */
export const keyOf = ({ metadata }: { metadata: ObjectName }): string =>
  metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name

/** The reverse of keyOf. */
export function nameOf(key: string): ObjectName {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
