// The activities that members send. Each id is made once and kept over every retry.
import { actorAddresses } from './addresses.ts'
import { ACTIVITY_STREAMS, type ActivityJson, embedded, type Json, type ObjectJson } from './json.ts'
import { type Audience, addressing, NOTE_CONTEXT } from './note.ts'

const text = (document: ObjectJson, key: string): string => {
  const value = document[key]
  if (typeof value !== 'string') throw new Error(`${document.id} has no ${key}.`)
  return value
}

const audienceOf = (document: ObjectJson): { to: Json; cc: Json } => ({
  to: document.to ?? [],
  cc: document.cc ?? [],
})

/** Creation of a note, addressed as the note is. */
export function createActivity(note: ObjectJson): ActivityJson {
  return {
    '@context': NOTE_CONTEXT,
    id: `${note.id}/activity`,
    type: 'Create',
    actor: text(note, 'attributedTo'),
    published: text(note, 'published'),
    ...audienceOf(note),
    object: embedded(note),
  }
}

/** A changed note or actor. `at` makes the id: an update of another moment is another activity. */
export function updateActivity(document: ObjectJson, at: Date, followers?: string): ActivityJson {
  const isActor = typeof document.attributedTo !== 'string'
  const audience = isActor
    ? { to: ['https://www.w3.org/ns/activitystreams#Public'], cc: followers ? [followers] : [] }
    : audienceOf(document)
  return {
    '@context': document['@context'] ?? ACTIVITY_STREAMS,
    id: `${document.id}#updates/${at.getTime()}`,
    type: 'Update',
    actor: isActor ? document.id : text(document, 'attributedTo'),
    published: at.toISOString(),
    ...audience,
    object: embedded(document),
  }
}

/** Deletion of a note, sent to whoever may have got it. */
export function deleteActivity(note: ObjectJson): ActivityJson {
  return {
    '@context': NOTE_CONTEXT,
    id: `${note.id}#delete`,
    type: 'Delete',
    actor: text(note, 'attributedTo'),
    ...audienceOf(note),
    object: { id: note.id, type: 'Tombstone', formerType: 'Note' },
  }
}

/** The member leaves for good. */
export function deleteActorActivity(origin: string, handle: string): ActivityJson {
  const { actor, followers } = actorAddresses(origin, handle)
  return {
    '@context': ACTIVITY_STREAMS,
    id: `${actor}#delete`,
    type: 'Delete',
    actor,
    ...addressing('public', followers, []),
    object: actor,
  }
}

type Plain = { readonly id: string; readonly actor: string; readonly object: string }

/** `object` is the actor to follow. */
export const followActivity = ({ id, actor, object }: Plain): ActivityJson => ({
  '@context': ACTIVITY_STREAMS,
  id,
  type: 'Follow',
  actor,
  object,
  to: [object],
})

type Answer = {
  readonly id: string
  readonly actor: string
  /** The follow that is answered; its activity's URI may be unknown for one that came long ago. */
  readonly follow: { readonly id?: string | null; readonly actor: string }
}

const answer =
  (type: 'Accept' | 'Reject') =>
  ({ id, actor, follow }: Answer): ActivityJson => ({
    '@context': ACTIVITY_STREAMS,
    id,
    type,
    actor,
    to: [follow.actor],
    object: { ...(follow.id && { id: follow.id }), type: 'Follow', actor: follow.actor, object: actor },
  })

export const acceptActivity = answer('Accept')
export const rejectActivity = answer('Reject')

/** `object` is the note's URI, `to` its author. */
export const likeActivity = ({ id, actor, object, to }: Plain & { readonly to: string }): ActivityJson => ({
  '@context': ACTIVITY_STREAMS,
  id,
  type: 'Like',
  actor,
  object,
  to: [to],
})

export type Announce = Plain & {
  readonly followers: string
  /** The URI of the boosted post's author. */
  readonly author: string
  readonly visibility: Extract<Audience, 'public' | 'unlisted' | 'followers'>
  readonly published: Date
}

/** A boost. */
export const announceActivity = (a: Announce): ActivityJson => ({
  '@context': ACTIVITY_STREAMS,
  id: a.id,
  type: 'Announce',
  actor: a.actor,
  object: a.object,
  published: a.published.toISOString(),
  ...addressing(a.visibility, a.followers, [a.author]),
})

/** Takes back a follow, like or boost that was sent; to whoever got it. */
export function undoActivity(undone: ActivityJson): ActivityJson {
  return {
    '@context': ACTIVITY_STREAMS,
    id: `${undone.id}#undo`,
    type: 'Undo',
    actor: undone.actor,
    ...audienceOf(undone),
    object: embedded(undone),
  }
}

/** The actor, and what belongs to it, is no longer wanted: removes the edges at the other side. */
export const blockActivity = ({ id, actor, object }: Plain): ActivityJson => ({
  '@context': ACTIVITY_STREAMS,
  id,
  type: 'Block',
  actor,
  object,
  to: [object],
})
