// Server-side apply, left out when the live object already is what is wanted: an idle operator writes nothing.
import type { Kube, KubeObject, ManagedFields } from '../types.ts'

type Owned = Record<string, unknown>
type Subresource = 'status' | undefined

/**
 * Applies `desired` unless `live` already has every field of it, and the manager owns no field that is no longer wanted.
 * `live` is the object as read (undefined: none). Returns the object that is there now, and whether a write was made.
 */
export async function applyIfNeeded(
  kube: Pick<Kube, 'apply'>,
  desired: KubeObject,
  live: KubeObject | undefined,
  fieldManager: string,
): Promise<{ object: KubeObject; written: boolean }> {
  if (live && !differs(desired, live, fieldManager)) return { object: live, written: false }
  return { object: await kube.apply(desired, fieldManager), written: true }
}

/** The same for the status; `desired` has apiVersion, kind, name, namespace and `status`. */
export async function applyStatusIfNeeded(
  kube: Pick<Kube, 'applyStatus'>,
  desired: KubeObject,
  live: KubeObject,
  fieldManager: string,
): Promise<{ object: KubeObject; written: boolean }> {
  if (!differs(desired, live, fieldManager, 'status')) return { object: live, written: false }
  return { object: await kube.applyStatus(desired, fieldManager), written: true }
}

/** Whether an apply by that manager would change anything. When in doubt it would: an apply too many does no harm. */
export function differs(
  desired: KubeObject,
  live: KubeObject,
  fieldManager: string,
  subresource?: Subresource,
): boolean {
  const entry = live.metadata.managedFields?.find(
    (fields: ManagedFields) =>
      fields.manager === fieldManager && fields.operation === 'Apply' && fields.subresource === subresource,
  )
  if (!entry?.fieldsV1) return true
  const { apiVersion: _a, kind: _k, metadata, ...fields } = desired
  const { name: _n, namespace: _ns, uid: _u, resourceVersion: _r, managedFields: _m, ...meta } = metadata
  const wanted = subresource === 'status' ? { status: fields.status } : { ...fields, metadata: meta }
  return differ(wanted, live, entry.fieldsV1, false)
}

/** `owned`: what the manager owns here; undefined below a value that is owned as a whole. */
function differ(wanted: unknown, live: unknown, owned: Owned | undefined, quantities: boolean): boolean {
  if (isEmpty(wanted) && isEmpty(live)) return false
  if (Array.isArray(wanted)) {
    return !Array.isArray(live) || listDiffers(wanted, live, owned, quantities)
  }
  if (isMap(wanted)) {
    if (!isMap(live)) return true
    for (const [name, value] of Object.entries(wanted)) {
      if (value === undefined) continue
      // Cpu and memory may be written in several ways, and the API server rewrites them.
      const within = quantities || name === 'resources' || name === 'sizeLimit'
      if (differ(value, live[name], child(owned, `f:${name}`), within)) return true
    }
    return Object.keys(owned ?? {}).some(
      (field) =>
        field.startsWith('f:') && wanted[field.slice(2)] === undefined && live[field.slice(2)] !== undefined,
    )
  }
  if (wanted === live) return false
  return !(quantities && sameQuantity(wanted, live))
}

function listDiffers(
  wanted: unknown[],
  live: unknown[],
  owned: Owned | undefined,
  quantities: boolean,
): boolean {
  const keys = Object.keys(owned ?? {}).filter((field) => field.startsWith('k:'))
  const values = Object.keys(owned ?? {}).filter((field) => field.startsWith('v:'))
  if (keys.length > 0) {
    // A list of maps with keys: others may have entries of their own in it.
    if (keys.length !== wanted.length) return true
    return wanted.some((element) => {
      const field = keys.find((candidate) => agrees(element, JSON.parse(candidate.slice(2))))
      if (!field) return true
      const key: unknown = JSON.parse(field.slice(2))
      const match = live.find((candidate) => agrees(candidate, key) && hasAll(candidate, key))
      return match === undefined || keyedDiffers(element, match, child(owned, field), key, quantities)
    })
  }
  if (values.length > 0) {
    if (values.length !== wanted.length) return true
    return wanted.some((element) => !live.some((candidate) => candidate === element))
  }
  // A list that is owned as a whole.
  if (wanted.length !== live.length) return true
  return wanted.some((element, index) => differ(element, live[index], undefined, quantities))
}

/** Fields of the key are owned even when the wish leaves them to their defaults (such as `protocol: TCP`). */
function keyedDiffers(
  element: unknown,
  match: unknown,
  owned: Owned | undefined,
  key: unknown,
  quantities: boolean,
): boolean {
  if (!isMap(element) || !isMap(key)) return differ(element, match, owned, quantities)
  return differ({ ...key, ...element }, match, owned, quantities)
}

/** The element does not contradict the key; what it leaves out has a default. */
const agrees = (element: unknown, key: unknown): boolean =>
  isMap(element) &&
  isMap(key) &&
  Object.entries(key).every(([name, value]) => element[name] === undefined || element[name] === value)

const hasAll = (element: unknown, key: unknown): boolean =>
  isMap(element) && isMap(key) && Object.keys(key).every((name) => element[name] !== undefined)

const child = (owned: Owned | undefined, field: string): Owned | undefined => {
  const below = owned?.[field]
  return isMap(below) && Object.keys(below).length > 0 ? below : undefined
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The API server leaves out what is empty. */
const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === false ||
  value === 0 ||
  (Array.isArray(value) && value.length === 0) ||
  (isMap(value) && Object.keys(value).length === 0)

function sameQuantity(a: unknown, b: unknown): boolean {
  const one = quantityOf(a)
  return one !== undefined && one === quantityOf(b)
}

const UNITS: Record<string, number> = {
  '': 1,
  ...Object.fromEntries(['Ki', 'Mi', 'Gi', 'Ti', 'Pi'].map((unit, power) => [unit, 1024 ** (power + 1)])),
  ...Object.fromEntries(['k', 'M', 'G', 'T', 'P'].map((unit, power) => [unit, 1000 ** (power + 1)])),
}

/** A Kubernetes quantity in thousandths, such as 100m or 1.5Gi. */
export function quantityOf(value: unknown): number | undefined {
  const match = /^([0-9]+(?:[.][0-9]+)?)(m|[KMGTP]i|[kMGTP])?$/.exec(String(value))
  if (!match) return undefined
  const [, digits, unit = ''] = match
  return unit === 'm' ? Number(digits) : Number(digits) * (UNITS[unit] ?? Number.NaN) * 1000
}
