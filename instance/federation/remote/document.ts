// Documents of other servers: fetched signed, and taken only as what they say they are.
import { ownAddress } from '../documents/addresses.ts'
import type { Egress, EgressResponse } from '../egress/egress.ts'
import { EgressRefused } from '../egress/refused.ts'
import { idOf, isObject, sameOrigin, storableObject, tooDeep } from '../in/activity.ts'

export type RemoteDocument = {
  readonly document: Readonly<Record<string, unknown>>
  /** Where it was in the end. */
  readonly url: string
}

/** The document cannot be had. `gone`: its server says so (404 or 410). `later`: another try may succeed. */
export class DocumentUnavailable extends Error {
  override readonly name = 'DocumentUnavailable'
  readonly kind: 'gone' | 'later' | 'refused'
  readonly status: number | undefined
  constructor(kind: 'gone' | 'later' | 'refused', message: string, status?: number) {
    super(message)
    this.kind = kind
    this.status = status
  }
}

export const ACCEPT =
  'application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams"'

/**
 * Whether a content type is that of an ActivityPub document. Anything else is refused: an uploaded file that is served
 * as JSON or text could otherwise pose as an actor.
 */
export function isActivityType(contentType: string | null): boolean {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';')
  if (type.trim() === 'application/activity+json') return true
  if (type.trim() !== 'application/ld+json') return false
  return parameters.some((parameter) => /profile\s*=.*www\.w3\.org\/ns\/activitystreams/.test(parameter))
}

export type DocumentDeps = {
  readonly egress: Egress
  readonly origin: string
  /** Headers that sign a GET as the community's actor. */
  readonly sign: (url: URL) => Promise<Record<string, string>>
}

/**
 * Fetches an ActivityPub document.
 * @throws DocumentUnavailable
 */
export async function fetchDocument(deps: DocumentDeps, address: string): Promise<RemoteDocument> {
  if (ownAddress(deps.origin, address)) {
    throw new DocumentUnavailable('refused', `${address} is our own and is never fetched`)
  }
  let response = await get(deps, address, deps.sign)
  // Some servers refuse signatures that they cannot check; what is public they give to anybody.
  if (response.status === 401 || response.status === 403)
    response = await get(deps, address, () => ({ accept: ACCEPT }))
  if (response.status === 404 || response.status === 410) {
    throw new DocumentUnavailable('gone', `${address} answers ${response.status}`, response.status)
  }
  if (response.status !== 200) {
    const later = response.status >= 500 || response.status === 429 || response.status === 408
    throw new DocumentUnavailable(
      later ? 'later' : 'refused',
      `${address} answers ${response.status}`,
      response.status,
    )
  }
  if (!isActivityType(response.headers.get('content-type'))) {
    throw new DocumentUnavailable(
      'refused',
      `${address} is ${response.headers.get('content-type')}, no activity+json`,
    )
  }
  // A redirect into our own pages would let our own documents be read as a stranger's.
  if (ownAddress(deps.origin, response.url))
    throw new DocumentUnavailable('refused', `${address} leads to us`)
  let document: unknown
  try {
    document = JSON.parse(response.body.toString('utf8'))
  } catch {
    throw new DocumentUnavailable('refused', `${address} is no JSON`)
  }
  if (!isObject(document) || tooDeep(document))
    throw new DocumentUnavailable('refused', `${address} is no object`)
  return { document: storableObject(document), url: response.url }
}

async function get(
  deps: DocumentDeps,
  address: string,
  headers: (url: URL) => Promise<Record<string, string>> | Record<string, string>,
): Promise<EgressResponse> {
  try {
    return await deps.egress.request(address, { headers })
  } catch (error) {
    const kind = error instanceof EgressRefused ? 'refused' : 'later'
    throw new DocumentUnavailable(
      kind,
      `${address}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

/**
 * Fetches the object with this very id. A document that names another id is fetched again by that id, if it is of the
 * server that answered; what a server says of another server's objects is not believed.
 */
export async function fetchObject(deps: DocumentDeps, uri: string): Promise<RemoteDocument> {
  const first = await fetchDocument(deps, uri)
  const id = idOf(first.document)
  if (!id) throw new DocumentUnavailable('refused', `${uri} has no id`)
  if (id === uri || id === first.url) return sameHost(first, id)
  if (!sameOrigin(id, first.url)) throw new DocumentUnavailable('refused', `${uri} claims to be ${id}`)
  const second = await fetchDocument(deps, id)
  if (idOf(second.document) !== id)
    throw new DocumentUnavailable('refused', `${id} claims to be something else`)
  return sameHost(second, id)
}

function sameHost(found: RemoteDocument, id: string): RemoteDocument {
  if (!sameOrigin(found.url, id))
    throw new DocumentUnavailable('refused', `${id} was answered by ${found.url}`)
  return found
}
