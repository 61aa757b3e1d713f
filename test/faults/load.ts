// People who keep asking while something breaks, and a record of what they got.
import { request } from 'undici'

export type Seen = {
  readonly path: string
  readonly door: string
  readonly status: number
  readonly retryAfter: boolean
  /** Milliseconds of `performance.now()`. */
  readonly at: number
  readonly took: number
}

export type Asking = { readonly seen: readonly Seen[]; stop(): Promise<void> }

type Question = { readonly door: string; readonly path: string; readonly headers: Record<string, string> }

/**
 * Asks every question again and again, one after the other answered, until stopped. `door` is read anew each time; a
 * connection that is refused or breaks counts as status 0.
 */
export function keepAsking(questions: () => readonly Question[], askers = 4): Asking {
  const seen: Seen[] = []
  let stopped = false
  const one = async (offset: number) => {
    for (let turn = offset; !stopped; turn++) {
      const all = questions()
      const question = all[turn % all.length]
      if (!question) return
      const begun = performance.now()
      let status = 0
      let retryAfter = false
      try {
        const answer = await request(question.door + question.path, {
          headers: question.headers,
          headersTimeout: 30_000,
        })
        await answer.body.dump()
        status = answer.statusCode
        retryAfter = answer.headers['retry-after'] !== undefined
      } catch {
        // Status 0 says it.
      }
      const at = performance.now()
      seen.push({ path: question.path, door: question.door, status, retryAfter, at, took: at - begun })
    }
  }
  const all = Array.from({ length: askers }, (_, offset) => one(offset))
  return {
    seen,
    stop: async () => {
      stopped = true
      await Promise.all(all)
    },
  }
}

/** Waits until `ready` is true; fails with `what` after `ms`. */
export async function until(
  what: string,
  ready: () => Promise<boolean> | boolean,
  ms = 15_000,
): Promise<void> {
  const end = performance.now() + ms
  while (!(await ready())) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((wake) => setTimeout(wake, 50))
  }
}
