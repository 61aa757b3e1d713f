// Keys to work on: each once, however often it was added, and never by two workers at a time.
import { backoff, type Clock } from '../clock.ts'
import type { KubeMetrics } from '../metrics.ts'

export type Queue = {
  add(key: string): void
  /** Adds the key when `ms` have passed; of several such wishes for one key the soonest counts. */
  addAfter(key: string, ms: number): void
  /** Adds the key after a wait that grows with every failure since the last `forget`; returns the wait. */
  addAfterFailure(key: string): number
  /** The key succeeded: its next failure starts from the shortest wait. */
  forget(key: string): void
  /** The next key, or undefined once the queue is closed. Each taken key must be given back by `done`. */
  take(): Promise<string | undefined>
  done(key: string): void
  /** Takers get undefined; nothing is added any more. */
  close(): void
  /** How many keys wait to be taken. */
  readonly depth: number
  /** Milliseconds that the oldest taken key has been worked on. */
  longestRunning(): number
}

export type QueueDeps = { clock: Clock; random: () => number; metrics: KubeMetrics }

export function createQueue(
  name: string,
  { clock, random, metrics }: QueueDeps,
  limits: { firstRetryMs?: number; longestRetryMs?: number } = {},
): Queue {
  const { firstRetryMs = 200, longestRetryMs = 60_000 } = limits
  const waiting = new Map<string, number>() // key → since when, in the order of adding
  const running = new Map<string, number>() // key → since when
  const again = new Set<string>() // added while it was running
  const later = new Map<string, { at: number; cancel: () => void }>()
  const failures = new Map<string, number>()
  const takers: ((key: string | undefined) => void)[] = []
  let closed = false

  function add(key: string): void {
    if (closed) return
    const planned = later.get(key)
    // A failure's wait stands for the failure, not for the key: whoever adds it now has news.
    planned?.cancel()
    later.delete(key)
    if (running.has(key)) {
      if (!again.has(key)) metrics.queueAdds.inc({ name })
      again.add(key)
      return
    }
    if (waiting.has(key)) return
    metrics.queueAdds.inc({ name })
    waiting.set(key, clock.now())
    hand()
  }

  function hand(): void {
    while (takers.length > 0) {
      const [next] = waiting
      if (!next) break
      const [key, since] = next
      waiting.delete(key)
      running.set(key, clock.now())
      metrics.queueSeconds.observe({ name }, (clock.now() - since) / 1000)
      takers.shift()?.(key)
    }
    metrics.queueDepth.set({ name }, waiting.size)
  }

  function addAfter(key: string, ms: number): void {
    if (closed) return
    if (ms <= 0) {
      add(key)
      return
    }
    const at = clock.now() + ms
    const planned = later.get(key)
    if (planned && planned.at <= at) return
    planned?.cancel()
    later.set(key, { at, cancel: clock.after(ms, () => add(key)) })
  }

  return {
    add,
    addAfter,
    addAfterFailure(key) {
      const count = failures.get(key) ?? 0
      failures.set(key, count + 1)
      metrics.queueRetries.inc({ name })
      const ms = backoff(count, firstRetryMs, longestRetryMs, random)
      addAfter(key, ms)
      return ms
    },
    forget: (key) => void failures.delete(key),
    take() {
      if (closed) return Promise.resolve(undefined)
      return new Promise((resolve) => {
        takers.push(resolve)
        hand()
      })
    },
    done(key) {
      const since = running.get(key)
      if (since === undefined) throw new Error(`${key} was not taken from the queue ${name}`)
      metrics.workSeconds.observe({ name }, (clock.now() - since) / 1000)
      running.delete(key)
      if (!again.delete(key) || closed) return
      waiting.set(key, clock.now())
      hand()
    },
    close() {
      closed = true
      for (const { cancel } of later.values()) cancel()
      later.clear()
      waiting.clear()
      metrics.queueDepth.set({ name }, 0)
      for (const resolve of takers.splice(0)) resolve(undefined)
    },
    get depth() {
      return waiting.size
    },
    longestRunning: () => Math.max(0, ...[...running.values()].map((since) => clock.now() - since)),
  }
}
