// The verbs of Kubernetes as raw JSON: nothing is dropped that a typed model would not know.
import { isGone, isNotFound, KubeError } from '../error.ts'
import { pathOf, resourceOf } from '../resources.ts'
import type { KubeClient, KubeObject, Resource, Selection } from '../types.ts'
import type { Call, Transport } from './transport.ts'
import { watchEvents } from './watch.ts'

const PAGE = '500'
const APPLY = 'application/apply-patch+yaml' // JSON is YAML.
const MERGE = 'application/merge-patch+json'

/**
 * The client that all of the operator shares. `fieldManager` names it in what it creates, replaces and patches.
 *
 * ```ts
 * const kube = createKube(createTransport(await connect(), { clock, random: Math.random, log, metrics }))
 * await kube.get(resources.secret, { namespace: 'default', name: 'garden-1' })
 * ```
 */
export function createKube(transport: Transport, fieldManager = 'hamlet'): KubeClient {
  const object = async (call: Omit<Call, 'resource'>, resource: Resource): Promise<KubeObject> => {
    const answer = await transport.json({ ...call, resource: resource.plural })
    if (!isObject(answer)) {
      throw new KubeError({
        code: 0,
        reason: 'Malformed',
        message: `${call.verb} ${call.path}: not an object`,
      })
    }
    return answer
  }
  const applied = (desired: KubeObject, manager: string, sub: '' | '/status') => {
    const resource = resourceOf(desired)
    return object(
      {
        method: 'PATCH',
        verb: sub ? 'apply-status' : 'apply',
        path: pathOf(resource, desired.metadata, sub),
        query: { fieldManager: manager, force: 'true' },
        contentType: APPLY,
        body: desired,
      },
      resource,
    )
  }

  async function pages(resource: Resource, selection: Selection) {
    const items: KubeObject[] = []
    for (let next: string | undefined; ; ) {
      const page = await transport.json({
        method: 'GET',
        verb: 'list',
        resource: resource.plural,
        path: pathOf(resource, { ...(selection.namespace && { namespace: selection.namespace }) }),
        query: {
          limit: PAGE,
          continue: next,
          labelSelector: selection.labelSelector,
          fieldSelector: selection.fieldSelector,
        },
      })
      const { metadata, items: some } = Object(page)
      // Items of built-in kinds come without their kind.
      for (const item of some ?? []) {
        items.push({ ...item, apiVersion: resource.apiVersion, kind: resource.kind })
      }
      next = metadata?.continue || undefined
      if (!next) return { items, resourceVersion: String(metadata?.resourceVersion ?? '') }
    }
  }
  async function snapshot(resource: Resource, selection: Selection) {
    try {
      return await pages(resource, selection)
    } catch (error) {
      // The next page's token was too old: what was read is no longer one consistent list.
      if (isGone(error)) return pages(resource, selection)
      throw error
    }
  }

  return {
    async get(resource, name) {
      try {
        return await object({ method: 'GET', verb: 'get', path: pathOf(resource, name) }, resource)
      } catch (error) {
        if (isNotFound(error)) return undefined
        throw error
      }
    },
    list: async (resource, selection = {}) => (await snapshot(resource, selection)).items,
    snapshot,
    create(desired) {
      const resource = resourceOf(desired)
      const { namespace } = desired.metadata
      return object(
        {
          method: 'POST',
          verb: 'create',
          path: pathOf(resource, { ...(namespace && { namespace }) }),
          query: { fieldManager },
          body: desired,
        },
        resource,
      )
    },
    apply: (desired, manager) => applied(desired, manager, ''),
    applyStatus: (desired, manager) => applied(desired, manager, '/status'),
    replace(desired) {
      const resource = resourceOf(desired)
      return object(
        {
          method: 'PUT',
          verb: 'update',
          path: pathOf(resource, desired.metadata),
          query: { fieldManager },
          body: desired,
        },
        resource,
      )
    },
    patch: (resource, name, patch) =>
      object(
        {
          method: 'PATCH',
          verb: 'patch',
          path: pathOf(resource, name),
          query: { fieldManager },
          contentType: MERGE,
          body: patch,
        },
        resource,
      ),
    async delete(resource, name, options = {}) {
      try {
        await transport.json({
          method: 'DELETE',
          verb: 'delete',
          resource: resource.plural,
          path: pathOf(resource, name),
          body: {
            apiVersion: 'v1',
            kind: 'DeleteOptions',
            propagationPolicy: options.foreground ? 'Foreground' : 'Background',
            ...(options.uid && { preconditions: { uid: options.uid } }),
          },
        })
        return true
      } catch (error) {
        if (isNotFound(error)) return false
        throw error
      }
    },
    watch: (resource, selection, options) => watchEvents(transport, resource, selection, options),
    close: () => transport.close(),
  }
}

const isObject = (value: unknown): value is KubeObject =>
  typeof value === 'object' && value !== null && 'metadata' in value && 'kind' in value
