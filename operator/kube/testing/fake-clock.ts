// A clock for tests: time passes only when told to.
import type { Clock } from '../clock.ts'

export type FakeClock = Clock & {
  /** Lets `ms` pass: timers run in order, and promises that they settle are followed up before the next one. */
  pass(ms: number): Promise<void>
  /** How many timers are waiting. */
  waiting(): number
}

export function fakeClock(start = new Date('2030-01-01T00:00:00Z')): FakeClock {
  let now = 0
  let timers: { at: number; run: () => void }[] = []
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }
  return {
    now: () => now,
    date: () => new Date(start.getTime() + now),
    after(ms, run) {
      const timer = { at: now + Math.max(0, ms), run }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    async pass(ms) {
      const end = now + ms
      await settle()
      for (;;) {
        const next = timers.reduce<{ at: number; run: () => void } | undefined>(
          (soonest, timer) => (soonest && soonest.at <= timer.at ? soonest : timer),
          undefined,
        )
        if (!next || next.at > end) break
        timers = timers.filter((timer) => timer !== next)
        now = Math.max(now, next.at)
        next.run()
        await settle()
      }
      now = end
      await settle()
    },
    waiting: () => timers.length,
  }
}
