// Chance that can be repeated: the same seed gives the same numbers on every machine.

/** A number from 0 up to, but without, 1. */
export type Random = () => number

/** Any number or text is a seed. sfc32, which passes PractRand; its four words of state are filled from the seed. */
export function seeded(seed: number | string): Random {
  let hash = 0x811c9dc5
  for (const char of String(seed)) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  let a = hash | 0
  let b = 0x9e3779b9 | 0
  let c = 0x243f6a88
  let counter = 1
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  // The first numbers of similar seeds are similar.
  for (let i = 0; i < 15; i++) next()
  return next
}

/** An integer from 0 up to, but without, `below`. */
export const pick = (random: Random, below: number): number => Math.floor(random() * below)

/** 0 to n - 1 in random order. */
export function shuffled(n: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i)
  for (let i = n - 1; i > 0; i--) {
    const j = pick(random, i + 1)
    const at = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = at
  }
  return order
}
