// The public key that a signature names, and whose it really is.
import { idOf, isObject, sameOrigin } from '../in/activity.ts'
import { type DocumentDeps, DocumentUnavailable, fetchDocument } from './document.ts'

export type RemoteKey = {
  readonly id: string
  /** The actor whose document lists the key. */
  readonly owner: string
  readonly publicKeyPem: string
}

/**
 * Fetches a key and its owner. A key belongs to an actor only if the actor's own document, at the actor's own URI,
 * lists it: a key document alone could name any owner.
 * @throws DocumentUnavailable
 */
export async function fetchRemoteKey(deps: DocumentDeps, keyId: string): Promise<RemoteKey> {
  const address = withoutFragment(keyId)
  const found = await fetchDocument(deps, address)
  const direct = listed(found.document, keyId)
  if (direct && direct.owner === address && sameOrigin(found.url, address)) return direct
  const owner = direct?.owner ?? (idOf(found.document) === keyId ? idOf(found.document.owner) : undefined)
  if (!owner || !sameOrigin(owner, keyId) || !sameOrigin(found.url, keyId)) {
    throw new DocumentUnavailable('refused', `${keyId} has no owner at its own server`)
  }
  const actor = await fetchDocument(deps, owner)
  if (!sameOrigin(actor.url, owner))
    throw new DocumentUnavailable('refused', `${owner} is answered by ${actor.url}`)
  const confirmed = listed(actor.document, keyId)
  if (confirmed?.owner !== owner) throw new DocumentUnavailable('refused', `${owner} does not list ${keyId}`)
  return confirmed
}

/** The key in the `publicKey` of an actor's document, if it is there and says that it is that actor's. */
function listed(document: Readonly<Record<string, unknown>>, keyId: string): RemoteKey | undefined {
  const actor = idOf(document)
  const keys = Array.isArray(document.publicKey) ? document.publicKey : [document.publicKey]
  for (const key of keys.slice(0, 10)) {
    if (!isObject(key) || typeof key.publicKeyPem !== 'string' || key.publicKeyPem.length > 10_000) continue
    const named = key.id === keyId || (keyId === actor && keys.length === 1)
    if (named && actor && idOf(key.owner) === actor)
      return { id: keyId, owner: actor, publicKeyPem: key.publicKeyPem }
  }
  return undefined
}

export const withoutFragment = (uri: string): string => uri.replace(/#.*$/s, '')
