// Writes a status when it says something new, and tells people by Events what changed.
import { type Condition, type Finding, mergeConditions } from '../api/conditions.ts'
import { PASSING } from '../api/reasons.ts'
import { applyStatusIfNeeded } from '../kube/client/apply.ts'
import { isNotFound } from '../kube/error.ts'
import type { Events } from '../kube/events.ts'
import type { Kube, KubeObject } from '../kube/types.ts'

type Reported = Pick<KubeObject, 'apiVersion' | 'kind'> & {
  metadata: KubeObject['metadata'] & { generation: number }
  status: { conditions?: Condition[] | undefined }
}

export type StatusDeps = {
  readonly kube: Pick<Kube, 'applyStatus'>
  readonly events: Pick<Events, 'emit'>
  readonly fieldManager: string
  readonly now: () => number
  /** When the status of each object was last written, by uid: counts alone are written at most every 10 s. */
  readonly written: Map<string, number>
}

const COUNTS_MS = 10_000

/** `live` is the raw object. Returns how long to wait when counts were held back, else undefined. */
export async function writeStatus(
  live: KubeObject & Reported,
  { findings, counts }: { findings: readonly Finding[]; counts: object },
  deps: StatusDeps,
): Promise<number | undefined> {
  const { kube, fieldManager, now, written } = deps
  const { metadata } = live
  const before = live.status?.conditions ?? []
  const conditions = mergeConditions(before, findings, metadata.generation, new Date(now()))
  const uid = metadata.uid ?? ''
  const same = JSON.stringify(sorted(before)) === JSON.stringify(sorted(conditions))
  const since = now() - (written.get(uid) ?? 0)
  if (same && since < COUNTS_MS) return COUNTS_MS - since
  const desired: KubeObject = {
    apiVersion: live.apiVersion,
    kind: live.kind,
    metadata: { name: metadata.name, ...(metadata.namespace && { namespace: metadata.namespace }) },
    status: { ...counts, observedGeneration: metadata.generation, conditions },
  }
  try {
    const result = await applyStatusIfNeeded(kube, desired, live, fieldManager)
    if (!result.written) return undefined
    written.set(uid, now())
  } catch (error) {
    // Deleted meanwhile: there is nobody left to tell.
    if (isNotFound(error)) return undefined
    throw error
  }
  tell(live, before, conditions, deps.events)
  return undefined
}

const sorted = (conditions: readonly Condition[]) =>
  conditions
    .map(({ type, status, reason, message, observedGeneration }) => [
      type,
      status,
      reason,
      message,
      observedGeneration,
    ])
    .sort(([a], [b]) => String(a).localeCompare(String(b)))

function tell(
  regarding: Reported,
  before: readonly Condition[],
  after: readonly Condition[],
  events: Pick<Events, 'emit'>,
): void {
  const told = new Set<string>()
  for (const { type, status, reason, message } of after) {
    const was = before.find((condition) => condition.type === type)
    if (was?.status === status && was.reason === reason) continue
    const holds = (status === 'True') !== (type === 'Degraded')
    if (holds ? type !== 'Ready' : PASSING.has(reason)) continue
    // One cause shows in several conditions; people want to read it once.
    if (told.has(reason)) continue
    told.add(reason)
    events.emit({ regarding, type: holds ? 'Normal' : 'Warning', reason, note: message })
  }
}
