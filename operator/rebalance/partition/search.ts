// The search: descents from many starts, then descents that keep what two good partitions agree on.
import { grow } from './grow.ts'
import { type Descent, descend, type Tally } from './multilevel.ts'
import { at, type Parts, type Problem, worth } from './problem.ts'
import { pick, type Random } from './random.ts'
import { repair } from './repair.ts'
import { type Effort, tabu } from './tabu/tabu.ts'

export type SearchOptions = {
  /** How much is done, some 80 million to a second. Never a time, so that the same input gives the same plan. */
  readonly work: number
  /** Where everybody is now, -1 for who is nowhere yet. Need not keep to the bounds. */
  readonly begin?: Parts
  /** Whether to stay near `begin`: there is nothing to find further away. */
  readonly near?: boolean
}

type Found = { readonly parts: Parts; readonly worth: number }

const POPULATION = 8
/** Descents without a better partition after which the search ends before its work is done. */
const persistence = (n: number): number => Math.min(48, 12 + n / 8)
const EPSILON = 1e-7

// Many short descents find more than few long ones.
const effort = (n: number): Effort => ({ patience: 60 + n / 10, breadth: 4 })

/** The best allowed partition that was found, or `undefined` if there was none. */
export function search(problem: Problem, options: SearchOptions, random: Random): Parts | undefined {
  const tally: Tally = { work: 0 }
  const found: Found[] = []
  const keep = (parts: Parts | undefined): boolean => {
    if (parts === undefined) return false
    const value = worth(problem, parts)
    const best = found.reduce((top, one) => Math.max(top, one.worth), Number.NEGATIVE_INFINITY)
    if (found.some((one) => Math.abs(one.worth - value) < EPSILON && alike(one.parts, parts))) return false
    found.push({ parts, worth: value })
    if (found.length > POPULATION) {
      let worst = 0
      found.forEach((one, i) => {
        if (one.worth < (found[worst]?.worth ?? 0)) worst = i
      })
      found.splice(worst, 1)
    }
    return value > best + EPSILON
  }

  const { begin } = options
  const home = begin && start(problem, begin, random, tally)
  keep(home)
  const scratch: Descent = { apart: [], effort }
  for (let i = 0; i < POPULATION && (i === 0 || tally.work < options.work * 0.6); i++) {
    const cycle = home !== undefined && (options.near || i % 2 === 0)
    keep(descend(problem, cycle ? { from: home, apart: [home], effort } : scratch, random, tally))
  }
  let idle = 0
  while (tally.work < options.work && idle < persistence(problem.n) && found.length > 0) {
    const one = found[pick(random, found.length)]
    const other = found[pick(random, found.length)]
    if (one === undefined || other === undefined) break
    const [better, worse] = one.worth >= other.worth ? [one, other] : [other, one]
    const descent: Descent =
      better === worse && random() < 0.2
        ? scratch
        : { from: better.parts, apart: [better.parts, worse.parts], effort }
    idle = keep(descend(problem, descent, random, tally)) ? 0 : idle + 1
  }
  return found.reduce<Found | undefined>((top, one) => (top && top.worth >= one.worth ? top : one), undefined)
    ?.parts
}

function start(problem: Problem, begin: Parts, random: Random, tally: Tally): Parts | undefined {
  const allowed = repair(problem, grow(problem, begin, random), random)
  if (allowed === undefined) return undefined
  const better = tabu(problem, allowed, effort(problem.n), random)
  tally.work += better.work
  return better.parts
}

function alike(one: Parts, other: Parts): boolean {
  for (let v = 0; v < one.length; v++) if (at(one, v) !== at(other, v)) return false
  return true
}
