// Work that must not overlap: for each key one after the other, in the order in which it came.

/** `work` begins when all that came before for its key has ended, well or badly. */
export type Line = <T>(key: string, work: () => Promise<T>) => Promise<T>

export function createLine(): Line {
  const last = new Map<string, Promise<unknown>>()
  return async (key, work) => {
    const one = (last.get(key) ?? Promise.resolve()).then(work, work)
    last.set(key, one)
    try {
      return await one
    } finally {
      if (last.get(key) === one) last.delete(key)
    }
  }
}
