import { ACTIVITY_STREAMS, type ObjectJson } from './json.ts'

/** What stays of a deleted post or member. */
export function tombstoneDocument(id: string, formerType?: string, deleted?: Date): ObjectJson {
  return {
    '@context': ACTIVITY_STREAMS,
    id,
    type: 'Tombstone',
    ...(formerType && { formerType }),
    ...(deleted && { deleted: deleted.toISOString() }),
  }
}
