// Of a schedule that fails, what it takes to fail.
import fc from 'fast-check'
import type { Act, Interruption, Schedule } from '../schedule/acts.ts'

/** All that a schedule can do without, each part before its own parts. */
export function partsOf({ start, tales, acts }: Schedule): string[] {
  return [
    ...acts.flatMap((act, n) => [
      `act ${n}`,
      ...(act.do === 'move' ? act.interruptions : []).flatMap(({ ops, fault }, i) => [
        `act ${n} at ${i}`,
        ...(fault ? [`act ${n} at ${i} fault`] : []),
        ...ops.map((_, o) => `act ${n} at ${i} op ${o}`),
      ]),
    ]),
    ...tales.map((_, n) => `tale ${n}`),
    ...start.follows.map((_, n) => `follow ${n}`),
  ]
}

/** The same with only these of its parts. Without a part, its own parts are not played either. */
export function only(schedule: Schedule, parts: readonly string[]): Schedule {
  const kept = new Set(parts)
  const { start, tales, acts } = schedule
  const interruptions = (all: readonly Interruption[], n: number): Interruption[] =>
    all.flatMap(({ fault, ...one }, i) => {
      const here = `act ${n} at ${i}`
      if (!kept.has(here)) return []
      const ops = one.ops.filter((_, o) => kept.has(`${here} op ${o}`))
      return [{ ...one, ops, ...(fault && kept.has(`${here} fault`) && { fault }) }]
    })
  return {
    ...schedule,
    start: { ...start, follows: start.follows.filter((_, n) => kept.has(`follow ${n}`)) },
    tales: tales.filter((_, n) => kept.has(`tale ${n}`)),
    acts: acts.flatMap((act, n): Act[] => {
      if (!kept.has(`act ${n}`)) return []
      return [act.do === 'move' ? { ...act, interruptions: interruptions(act.interruptions, n) } : act]
    }),
  }
}

/**
 * A part of the schedule that still fails, and from which nothing can be taken, as far as `most` runs tell. The
 * schedule itself fails; if it does not do so each time, neither need what is found.
 */
export async function fewest(
  schedule: Schedule,
  fails: (schedule: Schedule) => Promise<boolean>,
  most: number,
): Promise<Schedule> {
  const parts = partsOf(schedule)
  let least = schedule
  let runs = 0
  const holds = fc.asyncProperty(fc.subarray(parts), async (kept) => {
    if (kept.length === parts.length) return false
    if (++runs > most) return true
    const tried = only(schedule, kept)
    if (!(await fails(tried))) return true
    least = tried
    return false
  })
  await fc.check(holds, { numRuns: 1, examples: [[parts]] })
  return least
}
