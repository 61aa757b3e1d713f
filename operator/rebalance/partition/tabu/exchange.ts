// The best way for one vertex into a part that is full: somebody there makes room, by coming back in exchange or by
// going to a third part.
import { at } from '../problem.ts'
import { listOf, type State } from './state.ts'

export type Exchange = {
  readonly gain: number
  /** Who makes room, and the part they go to. */
  readonly other: number
  readonly otherTo: number
}

/** `ties` must be all 0 and as long as there are vertices; it is given back so. `undefined`: nobody can make room. */
export function bestExchange(
  state: State,
  v: number,
  target: number,
  ties: Float64Array,
): Exchange | undefined {
  const { problem, parts, tie, load, list, count, banned, open, jitter } = state
  const { k, start, to, weight, size, most, least } = problem
  const from = at(parts, v)
  const seats = at(size, v)
  const room = at(most, target) - at(load, target) - seats
  const spare = at(load, target) + seats - at(least, target)
  const roomLeft = at(most, from) - at(load, from) + seats
  const spareLeft = at(load, from) - seats - at(least, from)
  const members = listOf(list, target)
  const end = at(start, v + 1)
  for (let e = at(start, v); e < end; e++) ties[at(to, e)] = at(weight, e)

  let gain = Number.NEGATIVE_INFINITY
  let other = -1
  let otherTo = -1
  for (let i = 0; i < at(count, target); i++) {
    const u = at(members, i)
    const taken = at(size, u)
    if (banned[u] === 1 || room + taken < 0 || spare - taken < 0) continue
    // Both gains count the friendship of u and v as if the other one stayed.
    const shared = at(ties, u)
    if (taken <= roomLeft && spareLeft + taken >= 0) {
      const swap = at(tie, u * k + from) - at(tie, u * k + target) - 2 * shared + at(jitter, u)
      if (swap > gain) {
        gain = swap
        other = u
        otherTo = from
      }
    }
    const third = at(open.target, u)
    if (third >= 0 && third !== from && spareLeft >= 0) {
      const push = at(open.gain, u) - shared + at(jitter, u)
      if (push > gain) {
        gain = push
        other = u
        otherTo = third
      }
    }
  }
  for (let e = at(start, v); e < end; e++) ties[at(to, e)] = 0
  state.work += at(count, target) + (end - at(start, v))
  if (other < 0) return undefined
  return { gain: gain - at(jitter, other) + at(tie, v * k + target) - at(tie, v * k + from), other, otherTo }
}
