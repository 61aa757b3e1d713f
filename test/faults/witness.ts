// Somebody who looks at the same pages all the time, and remembers what came.

export type Glance = {
  readonly status: number
  /** Milliseconds of `performance.now()`, when it was asked and when the answer was there. */
  readonly asked: number
  readonly at: number
}

export type Witness = {
  readonly glances: readonly Glance[]
  /** Everything that came since a moment, each status once. */
  statuses(since: number): readonly number[]
  /** Whether the last few answers to what was asked after a moment are all 200. */
  well(since: number): boolean
  /** Seconds from a moment to the first answer of the unbroken row of 200s that lasts until now. */
  secondsUntilWell(since: number): number
  stop(): Promise<void>
}

const PAUSE_MS = 50
const IN_A_ROW = 8

/** Asks each of the questions in turn until stopped; a connection that fails or breaks counts as status 0. */
export function witness(questions: readonly (() => Promise<{ readonly status: number }>)[]): Witness {
  const glances: Glance[] = []
  let stopped = false
  const look = async () => {
    while (!stopped) {
      for (const question of questions) {
        const asked = performance.now()
        const status = await question().then(
          (answer) => answer.status,
          () => 0,
        )
        glances.push({ status, asked, at: performance.now() })
        await new Promise((wake) => setTimeout(wake, PAUSE_MS))
      }
    }
  }
  const looking = look()
  const after = (since: number) => glances.filter(({ asked }) => asked >= since)
  return {
    glances,
    statuses: (since) => [...new Set(after(since).map(({ status }) => status))].sort((a, b) => a - b),
    well: (since) => {
      const last = after(since).slice(-IN_A_ROW * questions.length)
      return last.length === IN_A_ROW * questions.length && last.every(({ status }) => status === 200)
    },
    secondsUntilWell: (since) => {
      const all = after(since)
      const ill = all.findLastIndex(({ status }) => status !== 200)
      const first = all[ill + 1]
      return first ? (first.at - since) / 1000 : Number.POSITIVE_INFINITY
    },
    stop: async () => {
      stopped = true
      await looking
    },
  }
}
