// What happens, in which order, and what goes wrong: chosen by a seed, small, and the same for the same seed.
import type { FaultKind } from '../postgres/faults.ts'
import { type Random, seeded } from './random.ts'
import { ALL_TALES, type Tale } from './run/strangers.ts'
import type { Which } from './world/copies.ts'
import { HANDLES, type Handle, type Start } from './world/fixture.ts'

/** One thing that somebody does. Members ask at any pod. */
export type Op =
  | {
      readonly do: 'write'
      readonly who: Handle
      readonly text: string
      readonly visibility: 'public' | 'followers'
      readonly answers?: string
    }
  /** The same form again, because the browser got no answer. */
  | { readonly do: 'write-again'; readonly who: Handle; readonly nth: number }
  | { readonly do: 'delete' | 'edit'; readonly who: Handle; readonly nth: number }
  | { readonly do: 'follow' | 'unfollow'; readonly who: Handle; readonly whom: Handle }
  | { readonly do: 'like' | 'unlike' | 'boost' | 'unboost'; readonly who: Handle; readonly nth: number }
  | { readonly do: 'log-in' | 'picture'; readonly who: Handle }
  /** Something of a stranger's comes in, once more or for the first time, at one pod. */
  | { readonly do: 'arrive'; readonly pod: number; readonly nth: number }
  | { readonly do: 'look'; readonly pod: number; readonly who: Handle }
  /** The background workers of one instance do a round. */
  | { readonly do: 'spool' | 'intake' | 'deliver' | 'tend' | 'refresh'; readonly pod: number }
  /** Ten seconds are over for whoever is frozen there. */
  | { readonly do: 'thaw'; readonly pod: number }
  | { readonly do: 'restart' | 'die'; readonly pod: number }
  | { readonly do: 'directory-down' | 'directory-up' }
  /** The clock of a pod, and of its database if it goes on, is set otherwise by so many seconds. */
  | { readonly do: 'clock'; readonly pod: number; readonly by: number }
  /** Another driver takes the move up, or undoes it, while the first is held. */
  | { readonly do: 'drive-too' | 'abandon' }
  /** A call that was made before comes once more. */
  | { readonly do: 'late-call'; readonly nth: number }
  /**
   * A copy of the directory or of a home is taken, and brought back once. `goesOn`: then the directory is changed as often
   * as it had been.
   */
  | { readonly do: 'keep'; readonly of: Which }
  | { readonly do: 'put-back'; readonly of: Which; readonly goesOn: boolean }
  /** The operator, called by a home that has found the directory older than one it saw. */
  | { readonly do: 'rebuild' }
  /** A home that runs on looks who lives there, and for those who do and are missing. */
  | { readonly do: 'verify' | 'repair'; readonly pod: number }

export type Place =
  | { readonly statement: number }
  | { readonly call: string; readonly when: 'before' | 'after' }

export type Interruption = {
  readonly at: Place
  /** The driver and the instances are held while these are begun. */
  readonly ops: readonly Op[]
  readonly fault?: FaultKind
}

export type Act =
  | Op
  | {
      readonly do: 'move'
      readonly who: Handle
      readonly target: number
      readonly interruptions: readonly Interruption[]
    }

export type Schedule = {
  readonly seed: number
  readonly start: Start
  /** What strangers do. */
  readonly tales: readonly Tale[]
  readonly acts: readonly Act[]
}

/** Calls in the order of a move. */
export const VERBS = [
  'stage',
  'subscribe',
  'copy',
  'page',
  'catch-up',
  'delta',
  'quiesce',
  'compare',
  'freeze',
  'seal',
  'activate',
  'demote',
  'tidy',
] as const
/** About as many statements as a move makes. */
const STATEMENTS = 420
const FAULTS: readonly FaultKind[] = ['crash-before', 'crash-after', 'lost-before', 'lost-after']
/** In one schedule of so many the directory is put back to an older copy of itself. */
const RESTORED_OF = 10
/** In one of so many a home is: it takes longer than four others. */
const HOME_RESTORED_OF = 20
/** In so many of them others are put back as well, each to a moment of its own. */
const SEVERAL = 0.25

export function makeSchedule(seed: number, { homes = 3 } = {}): Schedule {
  const random = seeded(seed)
  const home = () => 1 + random.below(homes)
  const start: Start = {
    homes: { ana: home(), ben: home(), cem: home() },
    follows: HANDLES.flatMap((a) =>
      HANDLES.filter((b) => a !== b && random.chance(0.5)).map((b): [Handle, Handle] => [a, b]),
    ),
  }
  const tales = random.shuffle(ALL_TALES).slice(0, 1 + random.below(3))
  const moves = random.chance(0.7) ? 1 : 2
  let texts = 0
  const op = () => someOp(random, homes, () => `${seed}-${++texts}`)
  const acts: Act[] = []
  for (let n = 0; n < moves; n++) {
    for (let before = random.below(3); before > 0; before--) acts.push(op())
    acts.push({
      do: 'move',
      who: random.pick(HANDLES),
      target: home(),
      interruptions: interruptions(random, op),
    })
    if (random.chance(0.3)) acts.push(op())
  }
  const schedule = { seed, start, tales, acts }
  if (seed % RESTORED_OF === 0)
    return withOthers(
      withRestore(schedule, homes, () => 'directory'),
      homes,
    )
  if (seed % HOME_RESTORED_OF !== 5) return schedule
  const restored = withRestore(schedule, homes, (chance) => {
    const moved = chance.pick(acts.flatMap((act) => (act.do === 'move' ? [act] : [])))
    return chance.pick([moved.target, start.homes[moved.who], moved.target, 1 + chance.below(homes)])
  })
  return withOthers(restored, homes)
}

/**
 * In some, wherever a database is put back, another one is, or all are: to what they were at the beginning, or when
 * something was interrupted that comes before.
 */
function withOthers(schedule: Schedule, homes: number): Schedule {
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

/** The same, but for a database that goes back in time; every other seed plays what it would without. */
function withRestore(schedule: Schedule, homes: number, which: (random: Random) => Which): Schedule {
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

function opAfterRestore(random: Random, homes: number, text: () => string): Op {
  const pod = 1 + random.below(homes)
  const roll = random.next()
  if (roll < 0.15) return { do: 'rebuild' }
  if (roll < 0.55)
    return { do: random.pick(['refresh', 'tend', 'thaw', 'verify', 'repair', 'restart'] as const), pod }
  if (roll < 0.65) return { do: 'drive-too' }
  return someOp(random, homes, text)
}

function interruptions(random: Random, op: () => Op): Interruption[] {
  const all = Array.from(
    { length: 1 + random.below(5) },
    (): Interruption => ({
      at: random.chance(0.6)
        ? { statement: 1 + random.below(STATEMENTS) }
        : { call: random.pick(VERBS), when: random.pick(['before', 'after'] as const) },
      ops: Array.from({ length: 1 + random.below(2) }, op),
    }),
  )
  if (random.chance(0.5)) {
    const last = all.length - 1
    const chosen = all[last]
    if (chosen) all[last] = { ...chosen, fault: random.pick(FAULTS) }
  }
  return all
}

function someOp(random: Random, homes: number, text: () => string): Op {
  const who = random.pick(HANDLES)
  const pod = 1 + random.below(homes)
  const nth = random.below(8)
  const roll = random.next()
  if (roll < 0.22) {
    const answers = random.chance(0.25) ? { answers: random.pick(HANDLES) } : {}
    return {
      do: 'write',
      who,
      text: text(),
      visibility: random.chance(0.8) ? 'public' : 'followers',
      ...answers,
    }
  }
  if (roll < 0.28) return { do: 'write-again', who, nth }
  if (roll < 0.38) return { do: random.chance(0.4) ? 'edit' : 'delete', who, nth }
  if (roll < 0.5) {
    const whom = random.pick(HANDLES.filter((other) => other !== who))
    return { do: random.chance(0.5) ? 'follow' : 'unfollow', who, whom }
  }
  if (roll < 0.6)
    return { do: random.pick(['like', 'like', 'unlike', 'boost', 'unboost'] as const), who, nth }
  if (roll < 0.62) return { do: 'log-in', who }
  if (roll < 0.65) return { do: 'picture', who }
  if (roll < 0.72) return { do: 'arrive', pod, nth: random.below(16) }
  if (roll < 0.76) return { do: 'look', pod, who }
  if (roll < 0.9)
    return { do: random.pick(['spool', 'intake', 'intake', 'deliver', 'tend', 'refresh'] as const), pod }
  if (roll < 0.915) return { do: 'thaw', pod }
  if (roll < 0.93) return { do: random.pick(['restart', 'die'] as const), pod }
  if (roll < 0.94) return { do: 'clock', pod, by: random.pick([-1200, -30, 30, 1200]) }
  if (roll < 0.955) return { do: random.pick(['directory-down', 'directory-up'] as const) }
  if (roll < 0.985) return { do: random.pick(['drive-too', 'abandon'] as const) }
  return { do: 'late-call', nth: random.below(12) }
}
