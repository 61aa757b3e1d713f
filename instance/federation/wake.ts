// Tells the background workers that there is something to do, so that they need not poll often.

export type Work = 'deliveries' | 'intake' | 'spool'

export type Wake = {
  /**
   * There will be work of this kind once the caller's transaction has committed. The workers look now and shortly
   * after; what they still miss is found by their slow poll.
   */
  soon(work: Work): void
  /** Calls `look` at every wake. Returns how to stop that. */
  listen(work: Work, look: () => void): () => void
}

/** Late enough for the transaction that queued the work to have committed. */
const LOOKS_AFTER_MS = [5, 100, 1000]

export function createWake(): Wake {
  const listeners = new Map<Work, Set<() => void>>()
  return {
    soon(work) {
      for (const delay of LOOKS_AFTER_MS) {
        setTimeout(() => {
          for (const look of listeners.get(work) ?? []) look()
        }, delay).unref()
      }
    },
    listen(work, look) {
      const looks = listeners.get(work) ?? new Set()
      listeners.set(work, looks.add(look))
      return () => looks.delete(look)
    },
  }
}
