// A member's post as the rest of the world sees it.
import { actorAddresses, postPage, postUri } from './addresses.ts'
import { ACTIVITY_STREAMS, type Json, type ObjectJson, PUBLIC } from './json.ts'

export const NOTE_CONTEXT: readonly Json[] = [
  ACTIVITY_STREAMS,
  { sensitive: 'as:sensitive', Hashtag: 'as:Hashtag' },
]

/** How far a post travels. `instance` posts never leave their home, so they have no document. */
export type Audience = 'public' | 'unlisted' | 'followers' | 'direct'

export type Mention = {
  readonly uri: string
  readonly handle: string
  /** null: a member of our own community. */
  readonly domain: string | null
}

export type Note = {
  readonly id: string
  readonly handle: string
  readonly visibility: Audience
  /** Sanitised HTML. */
  readonly contentHtml: string
  /** The content warning, empty for none. */
  readonly summary?: string
  readonly sensitive?: boolean
  readonly language?: string | null
  readonly inReplyToUri?: string | null
  readonly mentions?: readonly Mention[]
  /** Without the `#`. */
  readonly hashtags?: readonly { readonly name: string; readonly href: string }[]
  readonly published: Date
  readonly edited?: Date | null
}

/** Whom a post, or the boost of one, is addressed to. */
export function addressing(
  visibility: Audience,
  followers: string,
  mentioned: readonly string[],
): { readonly to: readonly string[]; readonly cc: readonly string[] } {
  switch (visibility) {
    case 'public':
      return { to: [PUBLIC], cc: [followers, ...mentioned] }
    case 'unlisted':
      return { to: [followers], cc: [PUBLIC, ...mentioned] }
    case 'followers':
      return { to: [followers], cc: mentioned }
    case 'direct':
      return { to: mentioned, cc: [] }
  }
}

/** The Note document of a post, stored serialised in `posts.object_json` and served as it is. */
export function noteDocument(origin: string, note: Note): ObjectJson {
  const address = actorAddresses(origin, note.handle)
  const mentions = note.mentions ?? []
  const ownDomain = new URL(origin).host
  return {
    '@context': NOTE_CONTEXT,
    id: postUri(origin, note.handle, note.id),
    type: 'Note',
    attributedTo: address.actor,
    ...addressing(
      note.visibility,
      address.followers,
      mentions.map((mention) => mention.uri),
    ),
    content: note.contentHtml,
    ...(note.language && { contentMap: { [note.language]: note.contentHtml } }),
    summary: note.summary || null,
    sensitive: note.sensitive ?? false,
    inReplyTo: note.inReplyToUri ?? null,
    published: note.published.toISOString(),
    ...(note.edited && { updated: note.edited.toISOString() }),
    url: postPage(origin, note.handle, note.id),
    tag: [
      ...mentions.map((mention) => ({
        type: 'Mention',
        href: mention.uri,
        name: `@${mention.handle}@${mention.domain ?? ownDomain}`,
      })),
      ...(note.hashtags ?? []).map(({ name, href }) => ({ type: 'Hashtag', href, name: `#${name}` })),
    ],
  }
}
