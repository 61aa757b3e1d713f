// Schedules in which databases go back in time.
import { type Random, seeded } from '../random.ts'
import type { Which } from '../world/copies.ts'
import { HANDLES } from '../world/fixture.ts'
import type { Act, Op, Schedule } from './acts.ts'
import { interruptions, STATEMENTS } from './interruptions.ts'
import { opAfterRestore } from './ops.ts'

/** The same, but for a database that goes back in time; every other seed plays what it would without. */
export function withRestore(schedule: Schedule, homes: number, which: (random: Random) => Which): Schedule {
  const random = seeded(schedule.seed + 2 ** 31)
  const of = which(random)
  const keep: Op = { do: 'keep', of }
  const back = (): Op[] => [
    // Nobody runs, or everybody runs on.
    ...(of !== 'directory' && random.chance(0.3) ? [{ do: 'die', pod: of } as const] : []),
    { do: 'put-back', of, goesOn: random.chance(0.3) },
  ]
  const acts = [...schedule.acts]
  let texts = 0
  const op = () => opAfterRestore(random, homes, () => `${schedule.seed}-r${++texts}`)
  // A moment is before an act, or in a move at a statement: those have most of the moments, if they go so far.
  const lengths = acts.map((act) => (act.do === 'move' ? STATEMENTS : 1))
  const end = lengths.reduce((sum, length) => sum + length, 0)
  const moment = () => random.below(end)
  const [one, two] = [moment(), moment()]
  const after = Array.from({ length: random.below(4) }, op)
  const put = (at: number, ops: readonly Op[]) => {
    let left = at
    for (const [index, act] of acts.entries()) {
      const length = lengths[index] ?? 1
      if (left < length) {
        if (act.do === 'move' && left > 0) {
          acts[index] = {
            ...act,
            interruptions: [...act.interruptions, { at: { statement: left }, ops }],
          }
        } else acts.splice(index, 0, ...ops)
        return
      }
      left -= length
    }
    acts.push(...ops)
  }
  // Half of them are aimed: what is known is from before the switch, and is brought back when the move was decided.
  if (random.chance(0.5)) {
    const at = acts.findIndex((act) => act.do === 'move')
    const act = acts[at]
    if (act?.do === 'move') {
      const when = () => random.pick(['before', 'after'] as const)
      acts[at] = {
        ...act,
        interruptions: [
          { at: { call: random.pick(['freeze', 'seal'] as const), when: 'after' }, ops: [keep] },
          {
            at: { call: random.pick(['activate', 'demote', 'tidy'] as const), when: when() },
            ops: back(),
          },
        ],
      }
      const pods = random.shuffle(Array.from({ length: homes }, (_, index) => index + 1))
      acts.splice(at + 1, 0, ...pods.map((pod): Op => ({ do: 'thaw', pod })))
      return { ...schedule, acts: [...acts, ...after] }
    }
  }
  // The later one first, so that the earlier is found where it was.
  const inTheMiddle = random.chance(0.7)
  if (inTheMiddle) put(Math.max(one, two), back())
  if (random.chance(0.7)) put(Math.min(one, two), [keep])
  // What is within a move may not come to pass.
  acts.unshift(keep)
  if (!inTheMiddle || random.chance(0.4)) acts.push(...back())
  acts.push(...after)
  if (random.chance(0.4)) {
    acts.push({
      do: 'move',
      who: random.pick(HANDLES),
      target: 1 + random.below(homes),
      interruptions: interruptions(random, op),
    })
  }
  return { ...schedule, acts }
}

/** In so many of them others are put back as well, each to a moment of its own. */
const SEVERAL = 0.25

/**
 * In some, wherever a database is put back, another one is, or all are: to what they were at the beginning, or when
 * something was interrupted that comes before.
 */
export function withOthers(schedule: Schedule, homes: number): Schedule {
  const random = seeded(schedule.seed + 2 ** 30)
  if (!random.chance(SEVERAL)) return schedule
  const all: readonly Which[] = ['directory', ...Array.from({ length: homes }, (_, index) => index + 1)]
  const others = random.shuffle(all).slice(0, random.chance(0.3) ? all.length : 1)
  const keeps = (): Op[] => others.map((of) => ({ do: 'keep', of }))
  const backs = (ops: readonly Op[]): Op[] =>
    ops.flatMap((op): Op[] =>
      op.do === 'put-back'
        ? [op, ...others.filter((of) => of !== op.of).map((of) => ({ ...op, of, goesOn: false }))]
        : [op],
    )
  // Once, so that what is brought back is not always from the beginning.
  let kept = random.chance(0.3)
  const acts = schedule.acts.flatMap((act): Act[] => {
    if (act.do !== 'move') return backs([act])
    const interruptions = act.interruptions.map((one) => {
      const early = !kept && !one.ops.some((op) => op.do === 'put-back') && random.chance(0.5)
      kept ||= early
      return { ...one, ops: [...(early ? keeps() : []), ...backs(one.ops)] }
    })
    return [{ ...act, interruptions }]
  })
  return { ...schedule, acts: [...keeps(), ...acts] }
}
