// A stranger's post, read into the columns of a post. Pure.
import { PUBLIC } from '../documents/json.ts'
import type { Audience } from '../documents/note.ts'
import { httpsUri, idOf, idsOf, isObject, typeOf } from '../in/activity.ts'
import { pageOf, words } from './actor.ts'

export type RemoteNote = {
  readonly uri: string
  readonly author: string
  readonly url: string
  /** Not yet sanitised. */
  readonly html: string
  readonly summary: string
  readonly sensitive: boolean
  readonly language: string | null
  readonly inReplyTo: string | null
  readonly published: Date | undefined
  readonly updated: Date | undefined
  readonly to: readonly string[]
  readonly cc: readonly string[]
  /** URIs of actors that are named by tag or addressed. */
  readonly mentions: readonly string[]
  /** Names of hashtags, as they came. */
  readonly hashtags: readonly string[]
}

const TYPES = new Set(['Note', 'Article', 'Page', 'Question', 'Image', 'Video', 'Audio', 'Event'])
const MOST_MENTIONS = 50
const PUBLIC_NAMES = new Set([PUBLIC, 'as:Public', 'Public'])

/** The post, or undefined if the object is none that could be shown. */
export function readNote(object: unknown): RemoteNote | undefined {
  if (!isObject(object)) return undefined
  const uri = idOf(object)
  const author = idOf(object.attributedTo)
  const type = typeOf(object)
  if (!uri || !author || !type || !TYPES.has(type)) return undefined
  const to = idsOf(object.to)
  const cc = idsOf(object.cc)
  const tags = Array.isArray(object.tag) ? object.tag.slice(0, 200) : [object.tag]
  const named = tags.flatMap((tag) => {
    const href = typeOf(tag) === 'Mention' && isObject(tag) ? httpsUri(tag.href) : undefined
    return href ? [href] : []
  })
  const hashtags = tags.flatMap((tag) =>
    typeOf(tag) === 'Hashtag' && isObject(tag) && typeof tag.name === 'string'
      ? [tag.name.slice(0, 200)]
      : [],
  )
  const addressed = [...to, ...cc].filter((uri) => !PUBLIC_NAMES.has(uri) && httpsUri(uri))
  return {
    uri,
    author,
    url: pageOf(object.url) ?? uri,
    html: htmlOf(object, type),
    summary: type === 'Note' || type === 'Question' ? words(object.summary, 500) : '',
    sensitive: object.sensitive === true,
    language: languageOf(object),
    inReplyTo: idOf(object.inReplyTo) ?? null,
    published: dateOf(object.published),
    updated: dateOf(object.updated),
    to,
    cc,
    mentions: [...new Set([...named, ...addressed])].slice(0, MOST_MENTIONS),
    hashtags,
  }
}

/** How far a thing travels, from whom it is addressed to. */
export function audienceOf(
  addressed: { readonly to: readonly string[]; readonly cc: readonly string[] },
  followers: string | null,
): Audience {
  if (addressed.to.some((uri) => PUBLIC_NAMES.has(uri))) return 'public'
  if (addressed.cc.some((uri) => PUBLIC_NAMES.has(uri))) return 'unlisted'
  const everybody = [...addressed.to, ...addressed.cc]
  return followers !== null && everybody.includes(followers) ? 'followers' : 'direct'
}

export function dateOf(value: unknown): Date | undefined {
  if (typeof value !== 'string' || value.length > 64) return undefined
  const date = new Date(value)
  // PostgreSQL and people agree on years of four digits.
  return date.getTime() >= 0 && date.getUTCFullYear() < 10_000 ? date : undefined
}

/** Content in the first language given; things that are not notes are shown by their title and a link. */
function htmlOf(object: Record<string, unknown>, type: string): string {
  const map = isObject(object.contentMap) ? Object.values(object.contentMap)[0] : undefined
  const content = typeof object.content === 'string' ? object.content : typeof map === 'string' ? map : ''
  if (type === 'Note' || type === 'Question') return content
  const title = words(object.name, 500)
  const page = pageOf(object.url) ?? idOf(object) ?? ''
  const heading = title && `<p><strong>${escaped(title)}</strong></p>`
  return `${heading}${content}<p><a href="${escaped(page)}">${escaped(page)}</a></p>`
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)

function languageOf(object: Record<string, unknown>): string | null {
  const language = isObject(object.contentMap) ? Object.keys(object.contentMap)[0] : undefined
  return language && /^[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}$/i.test(language) ? language : null
}
