// What the API server refused, or the network lost: data on an Error, told apart by code and reason.
import type { KubeFailure } from './types.ts'

export class KubeError extends Error {
  readonly failure: KubeFailure
  constructor(failure: KubeFailure, options?: ErrorOptions) {
    super(failure.message, options)
    this.name = 'KubeError'
    this.failure = failure
  }
}

const has = (error: unknown, code: number): boolean =>
  error instanceof KubeError && error.failure.code === code

export const isNotFound = (error: unknown): boolean => has(error, 404)
/** Somebody made it first. */
export const isAlreadyExists = (error: unknown): boolean =>
  has(error, 409) && reasonOf(error) === 'AlreadyExists'
/** It changed since it was read. */
export const isConflict = (error: unknown): boolean => has(error, 409) && reasonOf(error) === 'Conflict'
/** The version to watch or list from is no longer kept. */
export const isGone = (error: unknown): boolean => has(error, 410)
/** A schema, a CEL rule, an admission policy or a quota said no: trying again alone will not help. */
export const isRefused = (error: unknown): boolean => has(error, 400) || has(error, 403) || has(error, 422)
export const isForbidden = (error: unknown): boolean => has(error, 403)
/** The namespace is going: nothing can be created in it. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  has(error, 403) && /because it is being terminated/.test(error instanceof Error ? error.message : '')
/** No answer at all; a write may have happened. */
export const isNetwork = (error: unknown): boolean => has(error, 0)

const reasonOf = (error: unknown): string => (error instanceof KubeError ? error.failure.reason : '')

/** From an answer that is not 2xx; `body` is a Status object, or whatever a proxy sent. */
export function failureOf(code: number, body: string, what: string, retryAfter?: number): KubeFailure {
  const status = parseStatus(body)
  return {
    code,
    reason: status?.reason ?? '',
    message: `${what}: ${status?.message ?? (body.slice(0, 200) || `HTTP ${code}`)}`,
    ...(retryAfter !== undefined && { retryAfter }),
  }
}

function parseStatus(body: string): { reason?: string; message?: string } | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed !== 'object' || parsed === null || !('kind' in parsed)) return undefined
    return {
      ...('reason' in parsed && typeof parsed.reason === 'string' && { reason: parsed.reason }),
      ...('message' in parsed && typeof parsed.message === 'string' && { message: parsed.message }),
    }
  } catch {
    return undefined
  }
}
