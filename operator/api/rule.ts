// One rule, told twice: as CEL for the API server, and as a check for objects that an older CRD let in.
import type { z } from 'zod'

/** `cel` and `check` say the same; `message` names the field and the remedy. Rules on changes have no check. */
export type Rule<T> = { cel: string; message: string; check?: (value: T) => boolean }

/** Adds the description for `kubectl explain` and the rules, which also go into the CRD. Call it last. */
export function described<S extends z.ZodType>(
  schema: S,
  description: string,
  rules: readonly Rule<z.output<S>>[] = [],
): S {
  let checked = schema
  for (const { check, message } of rules) {
    if (check) checked = checked.refine(check, { message })
  }
  const validations = rules.map(({ cel, message }) => ({ rule: cel, message }))
  return checked.meta({
    description,
    ...(validations.length > 0 && { 'x-kubernetes-validations': validations }),
  })
}

/** A whole number from `min` to `max`; the message says both. */
export function between(field: string, min: number, max: number, remedy = ''): Rule<number> {
  return {
    cel: `self >= ${min} && self <= ${max}`,
    message: `${field} must be a whole number from ${min} to ${max}${remedy}`,
    check: (value) => value >= min && value <= max,
  }
}

/** A field that keeps its first value. */
export function immutable<T>(field: string, remedy: string): Rule<T> {
  return { cel: 'self == oldSelf', message: `${field} cannot be changed: ${remedy}` }
}
