// Objects in memory, with as much of the API server's ways as the operator relies on: versions, generations, field owners.
import { randomUUID } from 'node:crypto'
import { KubeError } from '../../operator/kube/error.ts'
import { resourceOf } from '../../operator/kube/resources.ts'
import type { Kube, KubeObject, ObjectName, Resource } from '../../operator/kube/types.ts'

type Fields = Record<string, unknown>

const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Merge patch, and as much of an apply as our objects need: lists are owned as a whole. */
function merge(live: unknown, change: unknown): unknown {
  if (!isMap(change)) return change
  const merged: Fields = isMap(live) ? { ...live } : {}
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete merged[name]
    else if (value !== undefined) merged[name] = merge(merged[name], value)
  }
  return merged
}

const fieldsOf = (value: unknown): Fields =>
  isMap(value)
    ? Object.fromEntries(Object.entries(value).map(([name, below]) => [`f:${name}`, fieldsOf(below)]))
    : {}

const refuse = (code: number, reason: string, { kind, metadata }: KubeObject) =>
  new KubeError({ code, reason, message: `${kind} ${metadata.name}: ${reason}` })

/** No watches, no garbage collection, no validation, and deletions that are done at once. */
export function makeMemoryKube(): Kube {
  const objects = new Map<string, KubeObject>()
  let version = 0
  const keyOf = ({ kind }: Pick<Resource, 'kind'>, { namespace = '', name }: ObjectName) =>
    `${kind}/${namespace}/${name}`
  const keyOfObject = (object: KubeObject) => keyOf(resourceOf(object), object.metadata)
  const copy = (object: KubeObject): KubeObject => structuredClone(object)

  function store(object: KubeObject, before: KubeObject | undefined): KubeObject {
    const same = JSON.stringify(before?.spec) === JSON.stringify(object.spec)
    const stored = copy({
      ...object,
      metadata: {
        ...object.metadata,
        uid: before?.metadata.uid ?? randomUUID(),
        generation: (before?.metadata.generation ?? 0) + (same && before ? 0 : 1),
        resourceVersion: String(++version),
      },
    })
    objects.set(keyOfObject(stored), stored)
    return copy(stored)
  }

  function applied(desired: KubeObject, manager: string, subresource: 'status' | undefined): KubeObject {
    const before = objects.get(keyOfObject(desired))
    if (!before && subresource) throw refuse(404, 'NotFound', desired)
    const { apiVersion: _a, kind: _k, metadata, ...fields } = desired
    // An object's name is nobody's field.
    const { uid: wanted, name: _n, namespace: _ns, ...meta } = metadata
    if (wanted && before && wanted !== before.metadata.uid) throw refuse(409, 'Conflict', desired)
    const owned = { manager, operation: 'Apply', ...(subresource && { subresource }) }
    const others = (before?.metadata.managedFields ?? []).filter(
      (one) => one.manager !== manager || one.subresource !== subresource,
    )
    const fieldsV1 = fieldsOf(subresource ? { status: fields.status } : { ...fields, metadata: meta })
    const merged = merge(before ?? {}, subresource ? { status: fields.status } : desired) as KubeObject
    return store(
      { ...merged, metadata: { ...merged.metadata, managedFields: [...others, { ...owned, fieldsV1 }] } },
      before,
    )
  }

  return {
    get: async (resource, name) => {
      const object = objects.get(keyOf(resource, name))
      return object && copy(object)
    },
    list: async ({ kind }, { namespace, labelSelector } = {}) => {
      const [label = '', value] = labelSelector?.split('=') ?? []
      return [...objects.values()]
        .filter((object) => object.kind === kind)
        .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
        .filter(({ metadata }) => label === '' || metadata.labels?.[label] === value)
        .map(copy)
    },
    create: async (object) => {
      if (objects.has(keyOfObject(object))) throw refuse(409, 'AlreadyExists', object)
      return store(object, undefined)
    },
    apply: async (object, manager) => applied(object, manager, undefined),
    applyStatus: async (object, manager) => applied(object, manager, 'status'),
    replace: async (object) => {
      const before = objects.get(keyOfObject(object))
      if (!before) throw refuse(404, 'NotFound', object)
      if (object.metadata.resourceVersion !== before.metadata.resourceVersion)
        throw refuse(409, 'Conflict', object)
      return store(object, before)
    },
    patch: async (resource, name, patch) => {
      const before = objects.get(keyOf(resource, name))
      if (!before) throw new KubeError({ code: 404, reason: 'NotFound', message: name.name })
      const { resourceVersion } = Object(Object(patch).metadata)
      if (resourceVersion && resourceVersion !== before.metadata.resourceVersion)
        throw refuse(409, 'Conflict', before)
      return store(merge(before, patch) as KubeObject, before)
    },
    delete: async (resource, name, options) => {
      const before = objects.get(keyOf(resource, name))
      if (options?.uid && before && options.uid !== before.metadata.uid) throw refuse(409, 'Conflict', before)
      return objects.delete(keyOf(resource, name))
    },
  }
}
