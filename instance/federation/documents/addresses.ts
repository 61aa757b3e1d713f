// Every address of the community. None of them ever changes: remote servers keep them for ever.

export type ActorAddresses = {
  readonly actor: string
  readonly inbox: string
  readonly outbox: string
  readonly followers: string
  readonly following: string
  /** Pinned posts; some servers complain about an actor without the collection. */
  readonly featured: string
  /** The page for people. */
  readonly profile: string
}

/** The addresses of a member. `origin` has no slash at its end; `handle` is case-folded. */
export function actorAddresses(origin: string, handle: string): ActorAddresses {
  const actor = `${origin}/users/${handle}`
  return {
    actor,
    inbox: `${actor}/inbox`,
    outbox: `${actor}/outbox`,
    followers: `${actor}/followers`,
    following: `${actor}/following`,
    featured: `${actor}/featured`,
    profile: `${origin}/@${handle}`,
  }
}

export const sharedInbox = (origin: string): string => `${origin}/inbox`

/** The community's own actor, which signs fetches. */
export const communityActor = (origin: string): string => `${origin}/actor`

export const postUri = (origin: string, handle: string, id: string): string =>
  `${origin}/users/${handle}/posts/${id}`

/** A post's page for people. */
export const postPage = (origin: string, handle: string, id: string): string => `${origin}/@${handle}/${id}`

/** An activity that is not a post: a follow, a like, a boost, an acceptance. */
export const activityUri = (origin: string, handle: string, id: string): string =>
  `${origin}/users/${handle}/activities/${id}`

export type OwnAddress =
  | { readonly kind: 'actor'; readonly handle: string }
  | { readonly kind: 'post'; readonly handle: string; readonly id: string }
  | { readonly kind: 'post-activity'; readonly handle: string; readonly id: string }
  | { readonly kind: 'activity'; readonly handle: string; readonly id: string }
  | { readonly kind: 'community' }
  | { readonly kind: 'other' }

const PATTERNS: readonly (readonly [RegExp, (m: RegExpExecArray) => OwnAddress])[] = [
  [/^\/actor\/?$/, () => ({ kind: 'community' })],
  [/^\/(?:users\/|@)([a-z0-9_]+)\/?$/i, (m) => ({ kind: 'actor', handle: folded(m[1]) })],
  [
    /^\/(?:users\/([a-z0-9_]+)\/posts|@([a-z0-9_]+))\/(\d{1,19})$/i,
    (m) => ({ kind: 'post', handle: folded(m[1] ?? m[2]), id: m[3] ?? '' }),
  ],
  [
    /^\/users\/([a-z0-9_]+)\/posts\/(\d{1,19})\/activity$/i,
    (m) => ({ kind: 'post-activity', handle: folded(m[1]), id: m[2] ?? '' }),
  ],
  [
    /^\/users\/([a-z0-9_]+)\/activities\/(\d{1,19})$/i,
    (m) => ({ kind: 'activity', handle: folded(m[1]), id: m[2] ?? '' }),
  ],
]

const folded = (text: string | undefined): string => (text ?? '').toLowerCase()

/** What an address of our own community means; undefined for anybody else's. Never fetched. */
export function ownAddress(origin: string, address: string): OwnAddress | undefined {
  const url = URL.parse(address)
  if (!url || url.origin !== origin) return undefined
  for (const [pattern, make] of PATTERNS) {
    const match = pattern.exec(url.pathname)
    if (match) return make(match)
  }
  return { kind: 'other' }
}
