// One try to deliver an activity to one inbox.
import type { Instance } from '../../../instance.ts'
import { actorAddresses } from '../../documents/addresses.ts'
import { EgressRefused } from '../../egress/refused.ts'
import { memberKeys } from '../../keys/member.ts'
import { type SignatureForm, signedHeaders } from '../../keys/sign.ts'
import type { LeasedDelivery } from '../lease.ts'
import { type Attempt, type DeliveryOutcome, OTHER_FORM, outcomeOf } from './outcome.ts'

type Deps = Pick<Instance, 'config' | 'db' | 'egress' | 'clock'>

export type Sent = {
  readonly outcome: Exclude<DeliveryOutcome, { is: 'other-form' }>
  readonly form: SignatureForm
  /** The host itself did not work: counts for its circuit. */
  readonly hostFailed: boolean
}

const CAVAGE: SignatureForm = 'draft-cavage-http-signatures-12'

/** Signs and posts the body; with the other form of signature if the first is not understood. */
export async function send(
  deps: Deps,
  delivery: LeasedDelivery,
  body: string,
  options: { readonly signal: AbortSignal; readonly random: () => number },
): Promise<Sent> {
  const first: SignatureForm = delivery.signature_form === 'rfc9421' ? 'rfc9421' : CAVAGE
  const facts = {
    attempts: delivery.attempts,
    ageS: (deps.clock().getTime() - delivery.created_at.getTime()) / 1000,
    now: deps.clock(),
    random: options.random,
  }
  let attempt = await post(deps, delivery, body, first, options.signal)
  let outcome = outcomeOf(attempt, { ...facts, triedBothForms: false })
  let form = first
  if (outcome.is === 'other-form') {
    form = OTHER_FORM[first]
    attempt = await post(deps, delivery, body, form, options.signal)
    outcome = outcomeOf(attempt, { ...facts, triedBothForms: true })
  }
  if (outcome.is === 'other-form') throw new Error('A third form of signature was asked for.')
  const hostFailed =
    'failed' in attempt ? attempt.forbidden !== true : attempt.answered >= 500 || attempt.answered === 429
  return { outcome, form, hostFailed }
}

async function post(
  deps: Deps,
  delivery: LeasedDelivery,
  body: string,
  form: SignatureForm,
  signal: AbortSignal,
): Promise<Attempt> {
  const [pair] = await memberKeys(deps, delivery.member_id)
  if (!pair) throw new Error(`member ${delivery.member_id} has no keys here`)
  const key = {
    id: `${actorAddresses(deps.config.origin, delivery.handle).actor}#main-key`,
    privateKey: pair.privateKey,
  }
  const bytes = Buffer.from(body)
  try {
    const response = await deps.egress.request(delivery.inbox, {
      method: 'POST',
      body: bytes,
      signal,
      maxBytes: 64 * 1024,
      headers: (url) =>
        signedHeaders(
          { method: 'POST', url, body: bytes, headers: { 'content-type': 'application/activity+json' } },
          key,
          form,
        ),
    })
    return { answered: response.status, retryAfter: response.headers.get('retry-after') }
  } catch (error) {
    if (signal.aborted) throw error
    const why =
      error instanceof Error
        ? `${error.message} ${error.cause instanceof Error ? error.cause.message : ''}`
        : String(error)
    return { failed: why.trim().slice(0, 300), forbidden: error instanceof EgressRefused }
  }
}
