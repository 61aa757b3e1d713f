// A stranger's actor document, read into the columns of an account. Pure.
import { httpsUri, idOf, isObject, sameOrigin, typeOf } from '../in/activity.ts'

export type RemoteActor = {
  readonly uri: string
  readonly handle: string
  readonly domain: string
  readonly display_name: string
  readonly bio: string
  readonly url: string
  readonly inbox: string
  readonly shared_inbox: string | null
  readonly followers_uri: string | null
  readonly avatar_url: string | null
  readonly locked: boolean
  readonly bot: boolean
}

const TYPES = new Set(['Person', 'Service', 'Application', 'Group', 'Organization'])

/** The actor, or undefined if the document is none that could be followed or mentioned. */
export function readActor(document: Readonly<Record<string, unknown>>): RemoteActor | undefined {
  const uri = idOf(document)
  const type = typeOf(document)
  const inbox = httpsUri(document.inbox)
  const handle = document.preferredUsername
  if (!uri || !type || !TYPES.has(type) || !inbox || !sameOrigin(inbox, uri)) return undefined
  if (typeof handle !== 'string' || !/^[\w.-]{1,100}$/u.test(handle)) return undefined
  const endpoints = isObject(document.endpoints) ? document.endpoints : {}
  const shared = httpsUri(endpoints.sharedInbox)
  const followers = idOf(document.followers)
  return {
    uri,
    handle: handle.toLowerCase(),
    domain: new URL(uri).host,
    display_name: words(document.name, 200),
    bio: typeof document.summary === 'string' ? document.summary.slice(0, 20_000) : '',
    url: pageOf(document.url) ?? uri,
    inbox,
    // Elsewhere it could make us deliver to a server that never asked.
    shared_inbox: shared && sameOrigin(shared, uri) ? shared : null,
    followers_uri: followers && sameOrigin(followers, uri) ? followers : null,
    avatar_url: pictureOf(document.icon) ?? null,
    locked: document.manuallyApprovesFollowers === true,
    bot: type === 'Service' || type === 'Application',
  }
}

/** Text in one line, without markup characters of control. */
export function words(value: unknown, most: number): string {
  if (typeof value !== 'string') return ''
  return [...value.slice(0, most * 4).replace(/[\p{Cc}\p{Bidi_C}\s]+/gu, ' ')].slice(0, most).join('').trim()
}

/** The page for people: a URL, or the HTML one of several Links. */
export function pageOf(value: unknown): string | undefined {
  const items = Array.isArray(value) ? value.slice(0, 20) : [value]
  const links = items.flatMap((item) => {
    const href = httpsUri(isObject(item) ? item.href : item)
    return href ? [{ href, html: !isObject(item) || item.mediaType === 'text/html' }] : []
  })
  return (links.find((link) => link.html) ?? links[0])?.href
}

function pictureOf(value: unknown): string | undefined {
  const picture: unknown = Array.isArray(value) ? value[0] : value
  return httpsUri(isObject(picture) ? (isObject(picture.url) ? picture.url.href : picture.url) : picture)
}
