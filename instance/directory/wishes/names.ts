// The names that somebody typed of the people they would like to live with.
import { type Refusal, refuse } from '../../refusal.ts'

/** So few that a group which wants to stay together always fits into a home. */
export const MOST_TOGETHER = 5

/**
 * The handles in a text such as `@ben, cleo @dora@garden.example`: each once, case-folded. Refuses names of other
 * domains than `domain`, the member's own `handle`, and more than MOST_TOGETHER. Whether there is anybody of that name
 * is not known here.
 */
export function readNames(text: string, self: { handle: string; domain: string }): string[] | Refusal {
  const handles = new Set<string>()
  for (const word of text.split(/[\s,;]+/)) {
    if (word === '') continue
    const [handle = '', domain, ...rest] = word.replace(/^@/, '').toLowerCase().split('@')
    if (rest.length > 0 || (domain !== undefined && domain !== self.domain.toLowerCase()))
      return refuse('together-elsewhere', { details: { name: shown(word) } })
    if (handle === self.handle) return refuse('together-yourself')
    if (!/^[a-z0-9_]{1,30}$/.test(handle)) return refuse('unknown-name', { details: { name: shown(word) } })
    handles.add(handle)
  }
  return handles.size > MOST_TOGETHER
    ? refuse('together-many', { details: { most: MOST_TOGETHER, count: handles.size } })
    : [...handles]
}

const shown = (word: string) => (word.length > 60 ? `${word.slice(0, 60)}…` : word)
