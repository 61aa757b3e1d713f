// Observe, decide, apply, until nothing is left to do; then say how things are.
import type { Decision } from '../decide/decision.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../kube/error.ts'
import type { Events } from '../kube/events.ts'
import type { KubeObject } from '../kube/types.ts'
import { causeOf, isPassing, unseen, withFailure } from './failure.ts'
import { type StatusDeps, writeStatus } from './status.ts'
import { perform, type StepDeps } from './steps.ts'

/** One look and what follows from it, or why nobody could look. */
export type Look = {
  readonly object: KubeObject
} & (
  | { readonly failure: unknown }
  | {
      readonly decision: Decision<string, object>
      readonly step: Omit<StepDeps, 'signal'>
    }
)

export type ReconcileDeps = Omit<StatusDeps, 'kube'> & {
  readonly kube: StepDeps['kube']
  readonly events: Pick<Events, 'emit'>
}

/** Far more than any change needs: whatever still moves after it is looked at again later. */
const PASSES = 12

/** `look` gives undefined when there is nothing to look after. Throws what is to be tried again, after it was told. */
export async function reconcile(
  look: () => Promise<Look | undefined>,
  deps: ReconcileDeps,
  signal: AbortSignal,
): Promise<{ requeueAfterMs?: number }> {
  for (let pass = 1; ; pass++) {
    signal.throwIfAborted()
    const seen = await look()
    if (!seen) return {}
    if ('failure' in seen) {
      const { object, failure } = seen
      // The failure itself is what counts, also when it cannot be told.
      if (!signal.aborted && !isPassing(failure))
        await say(object, unseen(object, failure), deps).catch(() => undefined)
      throw failure
    }
    const { object, decision, step } = seen
    if (decision.groups.length === 0 || pass === PASSES) {
      const heldBack = await say(object, decision, deps)
      return { requeueAfterMs: Math.min(decision.requeueAfterMs, heldBack ?? Number.POSITIVE_INFINITY) }
    }
    try {
      await perform(decision.groups, { ...step, signal })
    } catch (error) {
      // Somebody was quicker, or an earlier write of ours came through: look again.
      if (isConflict(error) || isAlreadyExists(error)) continue
      // Deleted under our hands: what was just made for it goes the way of all that it owned.
      if (isNotFound(error) && !(await look())) return {}
      await say(
        object,
        { ...decision, findings: withFailure(decision.findings, causeOf(error, step.server)) },
        deps,
      )
      throw error
    }
    for (const { type, reason, message } of decision.events)
      deps.events.emit({ regarding: object, type, reason, note: message })
  }
}

function say(
  object: KubeObject,
  decision: Pick<Decision<string, object>, 'findings' | 'counts'>,
  deps: ReconcileDeps,
): Promise<number | undefined> {
  if (decision.findings.length === 0) return Promise.resolve(undefined)
  const live = {
    ...object,
    metadata: { ...object.metadata, generation: object.metadata.generation ?? 0 },
    status: Object(object.status),
  }
  return writeStatus(live, decision, deps)
}
