// What a well-signed activity may still lie about. Pure.
import { httpsUri, type Incoming, idOf, idsOf, isObject, sameOrigin } from '../activity.ts'

/** Activities whose object is a thing of the actor's own. */
const OWN_OBJECT = new Set(['Create', 'Update', 'Delete', 'Undo'])

/**
 * Why this activity cannot be the actor's, or undefined. A signature proves who sent it, not that it may say what it
 * says: without these checks a server could create posts in the name of another's people, change or delete them.
 */
export function forged(activity: Incoming): string | undefined {
  if (!sameOrigin(activity.id, activity.actor))
    return 'The activity has an id of another server than its actor.'
  if (!OWN_OBJECT.has(activity.type)) return undefined
  const object = activity.object
  const id = isObject(object) ? object.id : object
  if (id !== undefined && id !== null) {
    const uri = httpsUri(id)
    if (!uri) return 'The object has no https id.'
    if (!sameOrigin(uri, activity.actor)) return 'The object is of another server than the actor.'
  }
  if (!isObject(object)) return undefined
  if (activity.type === 'Undo') {
    const undone = object.actor === undefined ? activity.actor : idOf(object.actor)
    return undone === activity.actor ? undefined : 'The undone activity is somebody else’s.'
  }
  if (activity.type === 'Delete') return undefined
  const authors = idsOf(object.attributedTo)
  if (authors.length === 0) {
    // An actor's own document is attributed to nobody.
    return activity.type === 'Update' && id === activity.actor
      ? undefined
      : 'The object is attributed to nobody.'
  }
  return authors.length === 1 && authors[0] === activity.actor
    ? undefined
    : 'The object is attributed to somebody else.'
}
