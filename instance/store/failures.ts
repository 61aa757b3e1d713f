// When PostgreSQL does not answer: told apart from bugs, and tried again without every instance coming at once.

/** Codes of Node for a server that cannot be reached, or no longer. */
export const NETWORK: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
const PG_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|^timeout expired$|Client has encountered a connection error|Client was closed and is not queryable|the database system is|is not currently accepting connections$/i

/**
 * Does this error mean that the database cannot be used for now? Network failures, connection errors (class 08),
 * too many connections (53300), shutting down or starting (57P01 to 57P03), read-only after a failover (25006), not there
 * (3D000) or shut to everybody while it is restored.
 */
export function isDatabaseDown(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isDatabaseDown)
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  return (
    NETWORK.has(code) ||
    /^(08...|53300|57P0[1-3]|25006|3D000)$/.test(code) ||
    PG_MESSAGES.test(error.message) ||
    (error.cause !== undefined && isDatabaseDown(error.cause))
  )
}

/** The name of the constraint that an error of PostgreSQL is about. */
export function violatedConstraint(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('constraint' in error)) return undefined
  return typeof error.constraint === 'string' ? error.constraint : undefined
}

/**
 * Milliseconds to wait before try number `attempt` (from 0): anywhere between nothing and a bound that doubles up to
 * `max` ("full jitter"), so that a hundred instances do not fall upon a PostgreSQL that just came back.
 */
export function fullJitter(attempt: number, random: () => number, base = 100, max = 5_000): number {
  return random() * Math.min(max, base * 2 ** Math.min(attempt, 20))
}

/** Waits; ends at once when the signal is aborted. Does not keep the process alive. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const finish = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, ms)
    timer.unref()
    signal.addEventListener('abort', finish)
  })
}

/** Repeats `fn` while the database is down, with full jitter; any other error, or the end of `signal`, ends it. */
export async function untilUp<T>(
  fn: () => Promise<T>,
  options: { random: () => number; signal: AbortSignal; onFailure?: (error: unknown) => void },
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await fn()
    } catch (error) {
      if (!isDatabaseDown(error) || options.signal.aborted) throw error
      options.onFailure?.(error)
      await pause(fullJitter(attempt, options.random), options.signal)
    }
  }
}
