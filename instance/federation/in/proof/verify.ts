// Is this request signed by the actor it speaks for? Fedify checks the signature; what it lets through is refused here.
import type { Instance } from '../../../instance.ts'
import { fedify } from '../../fedify.ts'
import { documentDeps } from '../../remote/deps.ts'
import { DocumentUnavailable, fetchDocument } from '../../remote/document.ts'
import { type Incoming, idOf, sameOrigin, typeOf } from '../activity.ts'
import { keyReader } from './key-cache.ts'
import { draftCoverage, rfc9421Coverage } from './signature.ts'

export type Verdict =
  | { readonly is: 'valid' }
  /** Not proven, and no later try will prove it. */
  | { readonly is: 'invalid'; readonly why: string }
  /** The key cannot be had for now. */
  | { readonly is: 'later'; readonly why: string }
  /** An actor that is no more deletes itself: its key is gone with it, and its server confirms that. */
  | { readonly is: 'gone' }
  /** Signed by somebody else, who passes it on. We get such things from their author, or not at all. */
  | { readonly is: 'forwarded' }

/** Who signed a request, if anybody did. Used for deliveries and for reading what is not public. */
export type Signer =
  | {
      readonly is: 'signed'
      readonly owner: string
      readonly keyId: string
      /** Enough to be no replay of another delivery. */
      readonly covered: boolean
      /** Enough to be no replay of a request without a body. */
      readonly addressed: boolean
    }
  | { readonly is: 'unsigned'; readonly why: string }
  | { readonly is: 'later'; readonly why: string }
  | { readonly is: 'key-gone'; readonly keyId: string }

/** Checks the signature of a request. */
export async function signerOf(instance: Instance, request: Request): Promise<Signer> {
  const lib = await fedify()
  const keys = await keyReader(instance)
  const result = await lib.verifyRequestDetailed(request, {
    documentLoader: keys.documentLoader,
    contextLoader: keys.contextLoader,
    keyCache: keys.cache,
  })
  if (!result.verified) {
    const { reason } = result
    if (reason.type !== 'keyFetchError') return { is: 'unsigned', why: reason.type }
    const failure = 'error' in reason.result ? reason.result.error : undefined
    if (failure instanceof DocumentUnavailable) {
      if (failure.kind === 'gone') return { is: 'key-gone', keyId: reason.keyId.href }
      return { is: failure.kind === 'later' ? 'later' : 'unsigned', why: failure.message }
    }
    return { is: 'later', why: failure?.message ?? 'the key cannot be fetched' }
  }
  const input = request.headers.get('signature-input')
  const coverage = input
    ? rfc9421Coverage(lib.parseAcceptSignature(input), result.signatureLabel)
    : draftCoverage(request.headers.get('signature') ?? '')
  const owner = result.key.ownerId?.href
  const keyId = result.key.id?.href
  if (!owner || !keyId) return { is: 'unsigned', why: 'the key has no owner' }
  return { is: 'signed', owner, keyId, covered: coverage.enough, addressed: coverage.address }
}

export async function verify(instance: Instance, request: Request, activity: Incoming): Promise<Verdict> {
  const signer = await signerOf(instance, request)
  switch (signer.is) {
    case 'unsigned':
      return { is: 'invalid', why: signer.why }
    case 'later':
      return signer
    case 'key-gone':
      return selfDeletion(instance, activity, signer.keyId)
    case 'signed':
      if (!signer.covered) {
        return { is: 'invalid', why: 'the signature must cover method, target, host and digest' }
      }
      if (signer.owner === activity.actor && sameOrigin(signer.keyId, activity.actor)) return { is: 'valid' }
      return activity.raw.signature !== undefined || activity.raw.proof !== undefined
        ? { is: 'forwarded' }
        : { is: 'invalid', why: 'the signer is not the actor' }
  }
}

/** Nothing can prove such a Delete any more, so we ask the actor's own server whether it is true. */
async function selfDeletion(instance: Instance, activity: Incoming, keyId: string): Promise<Verdict> {
  const itself = activity.type === 'Delete' && idOf(activity.object) === activity.actor
  if (!itself || !sameOrigin(keyId, activity.actor)) return { is: 'invalid', why: 'the key is gone' }
  try {
    const { document } = await fetchDocument(documentDeps(instance), activity.actor)
    return typeOf(document) === 'Tombstone'
      ? { is: 'gone' }
      : { is: 'invalid', why: 'the actor still exists' }
  } catch (error) {
    if (!(error instanceof DocumentUnavailable)) throw error
    if (error.kind === 'gone') return { is: 'gone' }
    return { is: error.kind === 'later' ? 'later' : 'invalid', why: error.message }
  }
}
