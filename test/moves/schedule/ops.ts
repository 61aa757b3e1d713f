// One thing that somebody does, by chance.
import type { Random } from '../random.ts'
import { HANDLES } from '../world/fixture.ts'
import type { Op } from './acts.ts'

/** `text` makes one that nobody has written before. */
export function someOp(random: Random, homes: number, text: () => string): Op {
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

/** Once a database has gone back in time, those who find out and repair it have more to do. */
export function opAfterRestore(random: Random, homes: number, text: () => string): Op {
  const pod = 1 + random.below(homes)
  const roll = random.next()
  if (roll < 0.15) return { do: 'rebuild' }
  if (roll < 0.55)
    return { do: random.pick(['refresh', 'tend', 'thaw', 'verify', 'repair', 'restart'] as const), pod }
  if (roll < 0.65) return { do: 'drive-too' }
  return someOp(random, homes, text)
}
