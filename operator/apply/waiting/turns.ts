// Lets the deletion of a community wait for what is being done for its instances at that moment.

export type Turns = {
  /** Does the work; `idle` waits for it. */
  during<T>(key: string, work: () => Promise<T>): Promise<T>
  /** Resolves when all work for the key that had begun has ended, well or badly. Work that begins later is not waited for. */
  idle(key: string): Promise<void>
}

export function createTurns(): Turns {
  const running = new Map<string, Set<Promise<unknown>>>()
  return {
    async during(key, work) {
      const all = running.get(key) ?? new Set()
      running.set(key, all)
      const one = work()
      all.add(one)
      try {
        return await one
      } finally {
        all.delete(one)
        if (all.size === 0) running.delete(key)
      }
    },
    async idle(key) {
      await Promise.allSettled(running.get(key) ?? [])
    },
  }
}
