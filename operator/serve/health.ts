// Whether this process should live on, and whether it has begun to work.

/** Undefined when all is well, else what is wrong. */
export type Check = () => string | undefined

export type Health = {
  /** Failing for long, it gets the process restarted: only for what a restart cures. */
  live(name: string, check: Check): void
  ready(name: string, check: Check): void
  liveness(): Verdict
  readiness(): Verdict
}

export type Verdict = { ok: boolean; lines: readonly string[] }

export function createHealth(): Health {
  const live = new Map<string, Check>()
  const ready = new Map<string, Check>()
  return {
    live: (name, check) => void live.set(name, check),
    ready: (name, check) => void ready.set(name, check),
    liveness: () => verdict(live),
    readiness: () => verdict(ready),
  }
}

function verdict(checks: ReadonlyMap<string, Check>): Verdict {
  const results = [...checks].map(([name, check]) => ({ name, wrong: check() }))
  return {
    ok: results.every(({ wrong }) => wrong === undefined),
    lines: results.map(
      ({ name, wrong }) => `${wrong === undefined ? 'ok' : 'FAILED'} ${name}${wrong ? `: ${wrong}` : ''}`,
    ),
  }
}

/**
 * For reflectors (`age`) and controllers (`longestRunning`): too much time without a word means that something hangs
 * which its own watchdogs did not catch.
 */
export const notOlderThan =
  (ms: number, age: () => number): Check =>
  () => {
    const now = age()
    return now > ms ? `${Math.round(now / 1000)} s, more than ${Math.round(ms / 1000)} s` : undefined
  }
