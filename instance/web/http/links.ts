// Where pages of people and posts are, seen from the page at hand. What is not at this home is shown by the asker's
// home under its id, because its own address leads to where it lives, and nobody is logged in there.
import type { AccountView, PostView } from '../../timelines/views.ts'

export const profilePath = (account: Pick<AccountView, 'id' | 'handle' | 'resident'>): string =>
  account.resident ? `/@${account.handle}` : `/people/${account.id}`

export const postPath = (post: { readonly id: string; readonly author: AccountView }): string =>
  post.author.resident ? `/@${post.author.handle}/${post.id}` : `/posts/${post.id}`

/** `@ana` for our own community, `@ben@other.example` for others. */
export const acct = (account: Pick<AccountView, 'handle' | 'domain'>): string =>
  account.domain === null ? `@${account.handle}` : `@${account.handle}@${account.domain}`

/** Where a logged-out reader sees the same: the public address. */
export const publicPostPath = (post: PostView): string => URL.parse(post.url)?.pathname ?? '/'

/**
 * A path of this site to go back to after a form, or `fallback`: never another site, whatever was sent.
 */
export function backPath(given: unknown, fallback: string): string {
  if (typeof given !== 'string' || !given.startsWith('/')) return fallback
  const base = 'https://here.invalid'
  const url = URL.parse(given, base)
  // `/.//evil.example` becomes `//evil.example` when it is read: what is sent must be judged, not what came.
  return url && url.origin === base && !url.pathname.startsWith('//') && !given.includes('\\')
    ? `${url.pathname}${url.search}${url.hash}`
    : fallback
}

/** The media of our own origin by its path, so that a page works under any name it is reached by. */
export const mediaPath = (origin: string, url: string): string =>
  url.startsWith(`${origin}/`) ? url.slice(origin.length) : url
