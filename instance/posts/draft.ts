// What a member wants to post, and whether it can be: decided without any I/O.
import { type Refusal, refuse } from '../refusal.ts'
import type { Visibility } from '../visibility/visibility.ts'
import { readText, type TextParts, tidy } from './text/text.ts'

export const LIMITS = { characters: 5_000, summary: 300, mentions: 25 } as const

export const VISIBILITIES = [
  'public',
  'unlisted',
  'followers',
  'instance',
  'direct',
] as const satisfies Visibility[]

export type Draft = {
  readonly text: string
  readonly visibility: Visibility
  /** Content warning; empty for none. */
  readonly summary?: string
  /** Id of the post that this one answers. */
  readonly replyTo?: string
  /** The same key posts once, however often it is sent. */
  readonly onceKey?: string
}

export type CheckedDraft = Omit<Draft, 'text' | 'summary'> &
  TextParts & { readonly text: string; readonly summary: string }

/** Characters as people count them, more or less: code points. */
export const countCharacters = (text: string): number => [...text].length

export function checkDraft(draft: Draft): CheckedDraft | Refusal {
  const text = tidy(draft.text)
  const summary = tidy(draft.summary ?? '').replaceAll('\n', ' ')
  if (text === '') return refuse('empty-post')
  const count = countCharacters(text)
  if (count > LIMITS.characters) return refuse('long-post', { details: { most: LIMITS.characters, count } })
  if (countCharacters(summary) > LIMITS.summary) {
    return refuse('long-summary', { details: { most: LIMITS.summary } })
  }
  const parts = readText(text)
  if (parts.mentions.length > LIMITS.mentions) {
    return refuse('many-mentions', { details: { most: LIMITS.mentions } })
  }
  return { ...draft, text, summary, ...parts }
}

/** An answer must not be read more widely than a question that was meant for few. */
export function checkReply(visibility: Visibility, parent: Visibility): Refusal | undefined {
  if (parent === 'instance' && visibility !== 'instance') return refuse('reply-stays-here')
  if (parent === 'direct' && visibility !== 'direct') return refuse('reply-stays-direct')
  return undefined
}

/** What the form of a reply offers first. */
export function replyVisibility(parent: Visibility): Visibility {
  return parent === 'public' ? 'public' : parent
}
