// Chance that can be had again: the same seed gives the same choices.

export type Random = {
  /** 0 ≤ next() < 1 */
  next(): number
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  shuffle<T>(items: readonly T[]): T[]
}

/** Mulberry32: small, and good enough to choose what happens next. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  // Neighbouring seeds start alike; a few numbers later they do not.
  for (let n = 0; n < 8; n++) next()
  const below = (most: number) => Math.floor(next() * most)
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: <T>(items: readonly T[]): T => {
      const item = items[below(items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
    shuffle: <T>(items: readonly T[]): T[] => {
      const all = [...items]
      for (let at = all.length - 1; at > 0; at--) {
        const other = below(at + 1)
        const [a, b] = [all[at], all[other]]
        if (a !== undefined && b !== undefined) [all[at], all[other]] = [b, a]
      }
      return all
    },
  }
}
