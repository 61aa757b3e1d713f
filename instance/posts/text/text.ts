// What a member types → what is stored and sent: paragraphs, links, mentions and hashtags, everything else escaped.
import { LinkifyIt } from 'linkify-it'

export type Mention = { readonly handle: string; readonly domain: string | undefined }
export type MentionTarget = { readonly url: string; readonly handle: string }

export type TextParts = {
  /** As typed, case-folded, without repeats, in the order of their first appearance. */
  readonly mentions: readonly Mention[]
  /** Without `#`, as typed first, without repeats (case-insensitively). */
  readonly hashtags: readonly string[]
}

const MENTION = /^([a-z0-9_]+(?:[a-z0-9_.-]*[a-z0-9_]+)?)(?:@([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?))?/i
const HASHTAG = /^[\p{L}\p{M}\p{N}_]*[\p{L}_][\p{L}\p{M}\p{N}_]*/u
/** A sign inside a word is no mention and no tag: `a@b`, `issue#3`, `https://x/@y`. */
const GLUED = /[\p{L}\p{N}_/]$/u

type Token =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly url: string }
  | { readonly kind: 'mention'; readonly text: string; readonly mention: Mention }
  | { readonly kind: 'hashtag'; readonly text: string; readonly tag: string }

const after = (pattern: RegExp) => (text: string, at: number) =>
  GLUED.test(text.slice(Math.max(0, at - 3), at - 1)) ? 0 : (pattern.exec(text.slice(at))?.[0].length ?? 0)

const linkify = new LinkifyIt({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false })
  .add('ftp:', null)
  .add('//', null)
  .add('mailto:', null)
  .add('@', { validate: after(MENTION) })
  .add('#', { validate: after(HASHTAG) })

function tokens(text: string): Token[] {
  const found: Token[] = []
  let at = 0
  for (const match of linkify.match(text) ?? []) {
    if (match.index > at) found.push({ kind: 'text', text: text.slice(at, match.index) })
    const raw = text.slice(match.index, match.lastIndex)
    const parts = match.schema === '@' ? MENTION.exec(raw.slice(1)) : null
    if (parts?.[1]) {
      const mention = { handle: parts[1].toLowerCase(), domain: parts[2]?.toLowerCase() }
      found.push({ kind: 'mention', text: raw, mention })
    } else if (match.schema === '#') {
      found.push({ kind: 'hashtag', text: raw, tag: raw.slice(1) })
    } else {
      found.push({ kind: 'link', text: raw, url: match.url })
    }
    at = match.lastIndex
  }
  if (at < text.length) found.push({ kind: 'text', text: text.slice(at) })
  return found
}

/** Line ends as `\n`, outer blank space and control characters gone, at most two line ends in a row. */
export function tidy(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[\p{Cc}\u2028\u2029]/gu, (character) =>
      character === '\n' || character === '\t' ? character : '',
    )
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

/** The people and tags that a text names. */
export function readText(text: string): TextParts {
  const mentions = new Map<string, Mention>()
  const hashtags = new Map<string, string>()
  for (const token of tokens(text)) {
    if (token.kind === 'mention') {
      const key = `${token.mention.handle}@${token.mention.domain ?? ''}`
      if (!mentions.has(key)) mentions.set(key, token.mention)
    } else if (token.kind === 'hashtag') {
      const key = token.tag.toLowerCase()
      if (!hashtags.has(key)) hashtags.set(key, token.tag)
    }
  }
  return { mentions: [...mentions.values()], hashtags: [...hashtags.values()] }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign)

/** Long addresses are shortened for the eye only: the whole text stays in the page, for copying and for readers. */
function link(url: string): string {
  const [, scheme = '', rest = ''] = /^(https?:\/\/(?:www\.)?)?(.*)$/s.exec(url) ?? []
  const shown = rest.slice(0, 30)
  const hidden = rest.slice(30)
  return (
    `<a href="${escapeHtml(url)}" target="_blank" rel="nofollow noopener noreferrer">` +
    `<span class="invisible">${escapeHtml(scheme)}</span>` +
    `<span class="${hidden ? 'ellipsis' : ''}">${escapeHtml(shown)}</span>` +
    `<span class="invisible">${escapeHtml(hidden)}</span></a>`
  )
}

export type Targets = {
  /** Where a mention leads; undefined leaves it as plain text (nobody of that name was found). */
  mention(mention: Mention): MentionTarget | undefined
  /** The page of a hashtag. */
  hashtag(tag: string): string
}

/** The HTML of a post or a bio, in the forms that Mastodon and others recognise as mentions and hashtags. */
export function textToHtml(text: string, targets: Targets): string {
  const inline = (part: string) =>
    tokens(part)
      .map((token) => {
        if (token.kind === 'link') return link(token.url)
        if (token.kind === 'hashtag') {
          const href = escapeHtml(targets.hashtag(token.tag))
          return `<a href="${href}" class="mention hashtag" rel="tag">#<span>${escapeHtml(token.tag)}</span></a>`
        }
        if (token.kind === 'mention') {
          const target = targets.mention(token.mention)
          if (target) {
            const href = escapeHtml(target.url)
            return `<span class="h-card" translate="no"><a href="${href}" class="u-url mention">@<span>${escapeHtml(target.handle)}</span></a></span>`
          }
        }
        return escapeHtml(token.text)
      })
      .join('')
      .replaceAll('\n', '<br>')
  return tidy(text)
    .split(/\n\n+/)
    .filter((paragraph) => paragraph !== '')
    .map((paragraph) => `<p>${inline(paragraph)}</p>`)
    .join('')
}
