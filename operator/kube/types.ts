// What the rest of the operator sees of Kubernetes: plain JSON objects and a small set of verbs.

/** Any Kubernetes object, as the API server sends it: plain JSON, nothing dropped. */
export type KubeObject = {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace?: string
    uid?: string
    resourceVersion?: string
    generation?: number
    creationTimestamp?: string
    deletionTimestamp?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    finalizers?: string[]
    ownerReferences?: OwnerReference[]
    managedFields?: ManagedFields[]
  }
  [field: string]: unknown
}

export type OwnerReference = {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

/** Which fields a manager owns, in the API server's own notation (`f:spec`, `k:{"name":"x"}` …). */
export type ManagedFields = {
  manager?: string
  operation?: string
  subresource?: string
  fieldsV1?: Record<string, unknown>
}

/** Which objects: the kind, and its plural name in URLs. */
export type Resource = { apiVersion: string; kind: string; plural: string; namespaced: boolean }

export type ObjectName = { namespace?: string; name: string }

/** What the API server refused, as data; `retryAfter` in seconds. Network failures have code 0. */
export type KubeFailure = {
  code: number
  reason: string
  message: string
  retryAfter?: number
}

/** The verbs. Every one throws KubeError (kube/error.ts) with a KubeFailure but where it says otherwise. */
export type Kube = {
  /** undefined when it does not exist. */
  get(resource: Resource, name: ObjectName): Promise<KubeObject | undefined>
  /** All pages. */
  list(
    resource: Resource,
    options?: { namespace?: string; labelSelector?: string; fieldSelector?: string },
  ): Promise<KubeObject[]>
  /** Create only: throws 409 AlreadyExists rather than overwrite. */
  create(object: KubeObject): Promise<KubeObject>
  /** Server-side apply with force; the manager owns just the fields it sends. */
  apply(object: KubeObject, fieldManager: string): Promise<KubeObject>
  /** Server-side apply of the status subresource. */
  applyStatus(object: KubeObject, fieldManager: string): Promise<KubeObject>
  /** Optimistic update (needs resourceVersion): throws 409 Conflict when it changed meanwhile. */
  replace(object: KubeObject): Promise<KubeObject>
  /** JSON merge patch. */
  patch(resource: Resource, name: ObjectName, patch: object): Promise<KubeObject>
  /** False when it was already gone. `uid` guards against deleting a namesake made later. */
  delete(
    resource: Resource,
    name: ObjectName,
    options?: { uid?: string; foreground?: boolean },
  ): Promise<boolean>
}

/** What is listed or watched; without a namespace all of them. */
export type Selection = { namespace?: string; labelSelector?: string; fieldSelector?: string }

export type WatchEvent =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject }
  /** Nothing changed, but the watch is alive, and this is the version to go on from. */
  | { type: 'BOOKMARK'; resourceVersion: string }

/** The verbs, and what reflectors need besides. */
export type KubeClient = Kube & {
  /** All pages of one consistent list, and the version to watch from. */
  snapshot(
    resource: Resource,
    selection: Selection,
  ): Promise<{ items: KubeObject[]; resourceVersion: string }>
  /**
   * Events since `resourceVersion`, until the server ends the watch (after about `timeoutSeconds`, without an error) or
   * the signal aborts it. Throws KubeError 410 when the version is no longer kept.
   */
  watch(
    resource: Resource,
    selection: Selection,
    options: { resourceVersion: string; timeoutSeconds: number; signal: AbortSignal },
  ): AsyncIterable<WatchEvent>
  /** Ends all connections. */
  close(): Promise<void>
}
