// Collections: a member's outbox, followers and followed.
import { ACTIVITY_STREAMS, type Json, type ObjectJson } from './json.ts'

/** A collection that says how many there are and where its first page is. */
export function collectionDocument(id: string, total: number, paged = true): ObjectJson {
  return {
    '@context': ACTIVITY_STREAMS,
    id,
    type: 'OrderedCollection',
    totalItems: total,
    ...(paged ? { first: `${id}?page=true` } : { orderedItems: [] }),
  }
}

/** One page of it. `next` is the query of the page after, absent on the last. */
export function pageDocument(
  collection: string,
  page: { readonly query: string; readonly next?: string; readonly items: readonly Json[] },
  context: Json = ACTIVITY_STREAMS,
): ObjectJson {
  return {
    '@context': context,
    id: `${collection}?${page.query}`,
    type: 'OrderedCollectionPage',
    partOf: collection,
    ...(page.next && { next: `${collection}?${page.next}` }),
    orderedItems: page.items,
  }
}
