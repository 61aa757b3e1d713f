// The shapes of ActivityPub documents as we write them: plain JSON, served and stored as it is.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** A document with an id of its own: an actor, a note, a collection. */
export type ObjectJson = JsonObject & { readonly id: string; readonly type: string }

/** An activity. `object` is the whole object or its URI. */
export type ActivityJson = ObjectJson & { readonly actor: string; readonly object: Json }

/** Public, always by its full URL: some servers do not know the short forms. */
export const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public'

export const ACTIVITY_STREAMS = 'https://www.w3.org/ns/activitystreams'

/** What `Content-Type` our documents have. */
export const ACTIVITY_JSON = 'application/activity+json'

/** The document without its `@context`, to be put inside another. */
export function embedded(document: ObjectJson): ObjectJson {
  const { '@context': _context, ...rest } = document
  return rest as ObjectJson
}
