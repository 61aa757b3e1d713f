// Which vertex has the highest key, kept up to date while keys change one at a time.
import { at } from '../problem.ts'

export type Tournament = {
  /** A power of two, at least the number of vertices. */
  readonly leaves: number
  readonly key: Float64Array
  /** A heap of winners: `winner[1]` has the highest key of all. */
  readonly winner: Int32Array
}

/** All keys are -Infinity at first. */
export function makeTournament(n: number): Tournament {
  let leaves = 1
  while (leaves < n) leaves *= 2
  const winner = new Int32Array(2 * leaves)
  for (let i = 0; i < leaves; i++) winner[leaves + i] = i
  for (let i = leaves - 1; i > 0; i--) winner[i] = at(winner, 2 * i)
  return { leaves, key: new Float64Array(leaves).fill(Number.NEGATIVE_INFINITY), winner }
}

export function setKey(tournament: Tournament, v: number, value: number): void {
  const { leaves, key, winner } = tournament
  if (key[v] === value) return
  key[v] = value
  for (let i = (leaves + v) >> 1; i > 0; i >>= 1) {
    const left = at(winner, 2 * i)
    const right = at(winner, 2 * i + 1)
    const better = at(key, right) > at(key, left) ? right : left
    // Whoever won here before still wins, with the same key: nothing changes further up.
    if (better === winner[i] && better !== v) return
    winner[i] = better
  }
}

/** The vertex with the highest key; its key may be -Infinity. */
export const leader = ({ winner }: Tournament): number => at(winner, 1)
