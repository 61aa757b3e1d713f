// Schedules in which a third home has to do with somebody who was switched and is not active yet.
import { type Random, seeded } from '../random.ts'
import { HANDLES, type Handle } from '../world/fixture.ts'
import type { Interruption, Op, Schedule } from './acts.ts'

/**
 * The same, but for this: somebody of a home that is neither the source nor the target of the first move does something
 * while it is being decided, and their home, which has heard of the switch, hands it over to the target alone.
 */
export function withThirdHome(schedule: Schedule, homes: number, text: () => string): Schedule {
  const random = seeded(schedule.seed + 2 ** 29)
  const at = schedule.acts.findIndex((act) => act.do === 'move')
  const moving = schedule.acts[at]
  if (moving?.do !== 'move') return schedule
  const { who, target } = moving
  const ordinals = random.shuffle(Array.from({ length: homes }, (_, index) => index + 1))
  const [source = target, third = target] = ordinals.filter((ordinal) => ordinal !== target)
  const other = random.pick(HANDLES.filter((handle) => handle !== who))
  const place = {
    call: random.pick(['activate', 'activate', 'activate', 'seal', 'demote'] as const),
    when: random.pick(['before', 'before', 'after'] as const),
  }
  // One after the other: each is held until the one before it has had its time.
  const steps: readonly (readonly Op[])[] = [
    random.chance(0.8) ? [{ do: 'refresh', pod: third }] : [],
    Array.from({ length: 1 + random.below(3) }, () => deed(random, other, who, text)),
    [{ do: 'spool', pod: third }],
    [{ do: 'intake', pod: target }],
  ]
  const between = steps.map((ops): Interruption => ({ at: place, ops }))
  return {
    ...schedule,
    start: { ...schedule.start, homes: { ...schedule.start.homes, [who]: source, [other]: third } },
    acts: schedule.acts.with(at, { ...moving, interruptions: [...between, ...moving.interruptions] }),
  }
}

function deed(random: Random, who: Handle, whom: Handle, text: () => string): Op {
  const roll = random.next()
  if (roll < 0.4) {
    const answers = random.chance(0.2) ? { answers: whom } : {}
    return {
      do: 'write',
      who,
      text: text(),
      visibility: random.chance(0.5) ? 'public' : 'followers',
      ...answers,
    }
  }
  if (roll < 0.6) return { do: 'follow', who, whom }
  if (roll < 0.7) return { do: 'unfollow', who, whom }
  const nth = random.below(8)
  if (roll < 0.85) return { do: random.chance(0.5) ? 'edit' : 'delete', who, nth }
  return { do: random.pick(['like', 'unlike', 'boost', 'unboost'] as const), who, nth }
}
