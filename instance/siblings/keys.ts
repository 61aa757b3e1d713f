// The community's internal key: what a sibling shows, and what is accepted of it.
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'

export type InternalKeys = {
  /** The key to send. */
  current(): string
  /** Whether what was presented is an accepted key; takes the same time for every wrong one. */
  accepts(presented: unknown): boolean
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Keys of a file's text: one a line, the first is sent, all are accepted. Throws if there is none. */
export function parseKeys(text: string): readonly string[] {
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  if (keys.length === 0) throw new Error('the internal-key file holds no key: it needs one key a line')
  return keys
}

/**
 * The keys of a file, read again every `everyMs`: a mounted Secret changes under a running process when the key
 * rotates. A file that cannot be read at that moment leaves the keys as they were; at start it throws.
 */
export function watchKeys(file: string, options: { clock: () => Date; everyMs?: number }): InternalKeys {
  const { clock, everyMs = 10_000 } = options
  const read = () => {
    const keys = parseKeys(readFileSync(file, 'utf8'))
    return { sent: keys[0] ?? '', accepted: keys.map(digest), at: clock().getTime() }
  }
  let known = read()
  const fresh = () => {
    const now = clock().getTime()
    if (now - known.at < everyMs) return known
    try {
      known = read()
    } catch {
      known = { ...known, at: now }
    }
    return known
  }
  return {
    current: () => fresh().sent,
    accepts: (presented) => {
      if (typeof presented !== 'string') return false
      const given = digest(presented)
      let match = false
      for (const key of fresh().accepted) if (timingSafeEqual(key, given)) match = true
      return match
    },
  }
}
