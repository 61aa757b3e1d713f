// Conditions as Kubernetes keeps them: one entry per type, with the generation that it speaks of.
import { z } from 'zod'
import { described } from './rule.ts'

export const condition = z.object({
  type: described(z.string().max(316), 'What the condition is about.'),
  status: described(z.enum(['True', 'False', 'Unknown']), 'Whether it holds.'),
  observedGeneration: described(
    z.int().min(0).optional(),
    'The metadata.generation of the object that this was found for.',
  ),
  lastTransitionTime: described(z.iso.datetime({ offset: true }), 'When the status last changed.'),
  reason: described(z.string().min(1).max(1024), 'One word for the cause, for programs.'),
  message: described(z.string().max(32768), 'The cause and the remedy, for people.'),
})

export type Condition = z.output<typeof condition>
export type ConditionStatus = Condition['status']

/** What a decision says of one condition; times and generations are added by `mergeConditions`. */
export type Finding<Type extends string = string> = {
  type: Type
  status: ConditionStatus
  reason: string
  message: string
  /** For which generation it was found, when that is not the one of now: the last look was at an older one. */
  observedGeneration?: number | undefined
}

/**
 * The conditions to write: one per finding, in the findings' order, all for `generation`. `lastTransitionTime` moves
 * only when the status changes, so that an unchanged world gives an unchanged status and nothing is written.
 */
export function mergeConditions(
  previous: readonly Condition[],
  findings: readonly Finding[],
  generation: number,
  now: Date,
): Condition[] {
  return findings.map((finding) => {
    const before = previous.find(({ type }) => type === finding.type)
    const kept = before?.status === finding.status
    return {
      ...finding,
      observedGeneration: finding.observedGeneration ?? generation,
      // Whole seconds, the form in which the API server itself writes times.
      lastTransitionTime: kept ? before.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`,
    }
  })
}

/** Whether `type` is True for this very generation; a condition of an older one counts as unknown. */
export function isTrue(conditions: readonly Condition[], type: string, generation: number): boolean {
  return conditions.some(
    (c) => c.type === type && c.status === 'True' && (c.observedGeneration ?? 0) >= generation,
  )
}
