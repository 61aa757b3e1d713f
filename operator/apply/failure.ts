// A failure as a cause for conditions: the reason, and what can be done about it.
import type { Condition, Finding } from '../api/conditions.ts'
import { KubeError } from '../kube/error.ts'
import type { KubeObject } from '../kube/types.ts'
import { explain } from '../postgres/server/errors.ts'
import type { Server } from '../postgres/server/session.ts'

type Cause = { readonly reason: string; readonly message: string }

/** Never without a remedy, though for what nobody foresaw it is only where to look. */
export function causeOf(error: unknown, server?: Server): Cause {
  const refusal = explain(error, server?.credentials ?? { host: '?', port: 0, username: '?' })
  if (refusal && (server || 'refusal' in Object(error))) return short(refusal.reason, refusal.message)
  const said = error instanceof Error ? error.message : String(error)
  if (error instanceof KubeError && error.failure.code === 403)
    return short(
      'Refused',
      `${said}: see the operator's Role in this namespace, or the policy that refuses it`,
    )
  if (error instanceof KubeError) return short('Refused', said)
  return short('Failed', `${said}; tried again, with more in the log of the operator`)
}

const short = (reason: string, message: string): Cause => ({ reason, message: message.slice(0, 1000) })

/** An API server that is away or overloaded takes no status either, and says nothing about the object. */
export const isPassing = (error: unknown): boolean =>
  error instanceof KubeError &&
  (error.failure.code === 0 || error.failure.code === 429 || error.failure.code >= 500)

/** What was found, with the failure as the cause of what does not hold. */
export function withFailure(findings: readonly Finding[], cause: Cause): Finding[] {
  const others = findings
    .filter(({ type }) => type !== 'Ready' && type !== 'Degraded')
    // What did not hold for this reason says what has become of the attempt.
    .map((one) => (one.status === 'False' && one.reason === cause.reason ? { ...one, ...cause } : one))
  const degraded = findings.some(({ type }) => type === 'Degraded')
  return [
    { type: 'Ready', status: 'False', ...cause },
    ...others,
    ...(degraded ? [{ type: 'Degraded', status: 'True' as const, ...cause }] : []),
  ]
}

/** What is said of an object that could not be looked at: the cause, and all else as it was found the last time. */
export function unseen(
  { kind, status }: KubeObject,
  error: unknown,
): { findings: Finding[]; counts: object } {
  const {
    conditions = [],
    observedGeneration: _,
    ...counts
  } = Object(status) as { conditions?: Condition[]; observedGeneration?: number }
  const before = conditions.map(({ lastTransitionTime: _time, ...finding }): Finding => finding)
  const none: Finding = { type: 'Degraded', status: 'True', reason: '', message: '' }
  return { findings: withFailure(kind === 'Community' ? [...before, none] : before, causeOf(error)), counts }
}
