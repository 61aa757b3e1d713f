// What an inbox's answer means for a delivery and for its host. Pure.
import type { SignatureForm } from '../../keys/sign.ts'

export type Attempt =
  | { readonly answered: number; readonly retryAfter?: string | null }
  /** No answer: refused, timed out, broken off. */
  | { readonly failed: string; readonly forbidden?: boolean }

export type DeliveryOutcome =
  | { readonly is: 'delivered' }
  /** Sign again in the other form, once. */
  | { readonly is: 'other-form' }
  /** `hostWaits`: the whole host asked for peace. */
  | { readonly is: 'retry'; readonly afterS: number; readonly hostWaits: boolean; readonly why: string }
  | { readonly is: 'dead'; readonly why: string }

export type DeliveryFacts = {
  /** Tries so far, this one included. */
  readonly attempts: number
  readonly ageS: number
  readonly triedBothForms: boolean
  readonly now: Date
  readonly random: () => number
}

const TWO_DAYS_S = 2 * 24 * 3600
const FIRST_S = 20
const LONGEST_S = 6 * 3600
/** A host may ask for a longer wait than we would choose, but not for ever. */
const LONGEST_ASKED_S = 24 * 3600

/** Seconds before the next try: doubling to six hours, ±50 %. */
export function backoffS(attempts: number, random: () => number): number {
  return Math.min(LONGEST_S, FIRST_S * 2 ** Math.min(attempts - 1, 20)) * (0.5 + random())
}

/** Retry-After in seconds: a number, or a date. Undefined if it says nothing usable. */
export function retryAfterS(header: string | null | undefined, now: Date): number | undefined {
  if (!header) return undefined
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - now.getTime()) / 1000
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(LONGEST_ASKED_S, seconds) : undefined
}

export function outcomeOf(attempt: Attempt, facts: DeliveryFacts): DeliveryOutcome {
  if ('failed' in attempt) {
    return attempt.forbidden ? { is: 'dead', why: attempt.failed } : retry(attempt.failed, facts)
  }
  const status = attempt.answered
  const why = `answered ${status}`
  if (status >= 200 && status < 300) return { is: 'delivered' }
  if ((status === 400 || status === 401) && !facts.triedBothForms) return { is: 'other-form' }
  if (status === 429 || status === 503) return retry(why, facts, retryAfterS(attempt.retryAfter, facts.now))
  // As Mastodon does: other refusals are final, for the same request will not be liked better later.
  if (status >= 400 && status < 500 && status !== 401 && status !== 408) return { is: 'dead', why }
  return retry(why, facts)
}

function retry(why: string, facts: DeliveryFacts, askedS?: number): DeliveryOutcome {
  if (facts.ageS > TWO_DAYS_S) return { is: 'dead', why: `${why}, for two days` }
  return {
    is: 'retry',
    why,
    afterS: Math.max(askedS ?? 0, backoffS(facts.attempts, facts.random)),
    hostWaits: askedS !== undefined,
  }
}

/** After so many failures in a row a host is left alone for a while, longer each time. */
const BREAKS_AFTER = 5

/** Seconds for which a host's circuit stays open after this many failures in a row. */
export function openForS(failures: number, random: () => number): number | undefined {
  if (failures < BREAKS_AFTER) return undefined
  return Math.min(3600, 60 * 2 ** Math.min(failures - BREAKS_AFTER, 10)) * (0.75 + random() / 2)
}

export const OTHER_FORM: Readonly<Record<SignatureForm, SignatureForm>> = {
  'draft-cavage-http-signatures-12': 'rfc9421',
  rfc9421: 'draft-cavage-http-signatures-12',
}
