// Time as a dependency: waits measure monotonic milliseconds, stamps use the wall clock.

export type Clock = {
  /** Milliseconds that never go back, from an arbitrary start. */
  now(): number
  /** The time of day, for what others read. */
  date(): Date
  /** Calls `run` once after `ms`; the returned function cancels it. */
  after(ms: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** Resolves after `ms`, or at once when the signal aborts; never rejects, so the caller looks at the signal. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = () => {
      cancel()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.after(ms, end)
    signal?.addEventListener('abort', end, { once: true })
  })
}

/**
 * How long to wait before attempt `attempt` (0 is the first repetition): doubles from `base` to `max`, and then a random
 * part of up to half is taken off, so that many who failed together do not come back together.
 */
export function backoff(attempt: number, base: number, max: number, random: () => number): number {
  const full = Math.min(max, base * 2 ** Math.min(attempt, 30))
  return full * (1 - random() / 2)
}
