// What a reflector knows: frozen objects by key, and by label or whatever else they are looked up by.
import { keyOf } from '../resources.ts'
import type { KubeObject } from '../types.ts'

export type Change = { key: string; before: KubeObject | undefined; after: KubeObject | undefined }

export type Store = {
  get(key: string): KubeObject | undefined
  list(): readonly KubeObject[]
  /** The objects for which the index function of that name gave `value`. */
  by(index: string, value: string): readonly KubeObject[]
  readonly size: number
}

export type WritableStore = Store & {
  /** Undefined when that version is already known. */
  put(object: KubeObject): Change | undefined
  remove(object: KubeObject): Change | undefined
  /** Takes a full list; says what differs from before. */
  replace(objects: readonly KubeObject[]): Change[]
}

export type Indexes = Record<string, (object: KubeObject) => readonly string[]>

export function createStore(indexes: Indexes = {}): WritableStore {
  const objects = new Map<string, KubeObject>()
  const byIndex = new Map(
    Object.keys(indexes).map((name) => [name, new Map<string, Map<string, KubeObject>>()]),
  )

  function index(key: string, before: KubeObject | undefined, after: KubeObject | undefined): void {
    for (const [name, valuesOf] of Object.entries(indexes)) {
      const entries = byIndex.get(name)
      if (!entries) continue
      for (const value of before ? valuesOf(before) : []) {
        const held = entries.get(value)
        held?.delete(key)
        if (held?.size === 0) entries.delete(value)
      }
      for (const value of after ? valuesOf(after) : []) {
        const held = entries.get(value) ?? new Map<string, KubeObject>()
        entries.set(value, held.set(key, after as KubeObject))
      }
    }
  }

  function set(key: string, after: KubeObject | undefined): Change | undefined {
    const before = objects.get(key)
    if (!before && !after) return undefined
    if (before && after && sameVersion(before, after)) return undefined
    index(key, before, after)
    if (after) objects.set(key, deepFreeze(after))
    else objects.delete(key)
    return { key, before, after }
  }

  return {
    get: (key) => objects.get(key),
    list: () => [...objects.values()],
    by: (name, value) => {
      const entries = byIndex.get(name)
      if (!entries) throw new Error(`The store has no index ${name}`)
      return [...(entries.get(value)?.values() ?? [])]
    },
    get size() {
      return objects.size
    },
    put: (object) => set(keyOf(object), object),
    remove: (object) => set(keyOf(object), undefined),
    replace(all) {
      const gone = new Set(objects.keys())
      const changes: (Change | undefined)[] = []
      for (const object of all) {
        gone.delete(keyOf(object))
        changes.push(set(keyOf(object), object))
      }
      for (const key of gone) changes.push(set(key, undefined))
      return changes.filter((change) => change !== undefined)
    },
  }
}

const sameVersion = (a: KubeObject, b: KubeObject): boolean =>
  a.metadata.resourceVersion !== undefined &&
  a.metadata.resourceVersion === b.metadata.resourceVersion &&
  a.metadata.uid === b.metadata.uid

/** Shared by all who read: one of them changing it would mislead the others without a trace. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const child of Object.values(value)) deepFreeze(child)
  }
  return value
}
