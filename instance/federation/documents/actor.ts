// The actor documents: a member's, and the community's own, which signs fetches.
import { actorAddresses, communityActor, sharedInbox } from './addresses.ts'
import { ACTIVITY_STREAMS, type Json, type ObjectJson } from './json.ts'
import { keyProperties, type PublicJwk } from './keys.ts'

const CONTEXT: readonly Json[] = [
  ACTIVITY_STREAMS,
  'https://w3id.org/security/v1',
  'https://w3id.org/security/multikey/v1',
  {
    toot: 'http://joinmastodon.org/ns#',
    discoverable: 'toot:discoverable',
    featured: { '@id': 'toot:featured', '@type': '@id' },
    manuallyApprovesFollowers: 'as:manuallyApprovesFollowers',
    assertionMethod: {
      '@id': 'https://w3id.org/security#assertionMethod',
      '@type': '@id',
      '@container': '@set',
    },
  },
]

export type Actor = {
  readonly handle: string
  /** As typed; empty means the handle is shown. */
  readonly displayName: string
  /** Sanitised HTML. */
  readonly bioHtml: string
  readonly avatar?: { readonly url: string; readonly mediaType: string }
  /** Follows wait for the member's approval. */
  readonly locked: boolean
  readonly bot?: boolean
  readonly published: Date
  /** Public keys in the order of their positions, RSA first. */
  readonly publicKeys: readonly PublicJwk[]
}

/** A member's actor document, stored serialised in `accounts.actor_json` and served as it is. */
export function actorDocument(origin: string, actor: Actor): ObjectJson {
  const address = actorAddresses(origin, actor.handle)
  return {
    '@context': CONTEXT,
    id: address.actor,
    type: actor.bot ? 'Service' : 'Person',
    preferredUsername: actor.handle,
    name: actor.displayName || actor.handle,
    summary: actor.bioHtml,
    url: address.profile,
    inbox: address.inbox,
    outbox: address.outbox,
    followers: address.followers,
    following: address.following,
    featured: address.featured,
    endpoints: { sharedInbox: sharedInbox(origin) },
    manuallyApprovesFollowers: actor.locked,
    discoverable: true,
    published: actor.published.toISOString(),
    ...(actor.avatar && {
      icon: { type: 'Image', mediaType: actor.avatar.mediaType, url: actor.avatar.url },
    }),
    ...keyProperties(address.actor, actor.publicKeys),
  }
}

/** The community's actor: its user name is the domain, so no member's handle can ever be the same. */
export function communityDocument(
  origin: string,
  community: { readonly title: string; readonly published: Date; readonly publicKeys: readonly PublicJwk[] },
): ObjectJson {
  const id = communityActor(origin)
  return {
    '@context': CONTEXT,
    id,
    type: 'Application',
    preferredUsername: new URL(origin).hostname,
    name: community.title,
    url: origin,
    inbox: sharedInbox(origin),
    outbox: `${id}/outbox`,
    featured: `${id}/featured`,
    endpoints: { sharedInbox: sharedInbox(origin) },
    manuallyApprovesFollowers: true,
    discoverable: false,
    published: community.published.toISOString(),
    ...keyProperties(id, community.publicKeys),
  }
}
