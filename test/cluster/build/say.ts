const began = performance.now()

/** Prints one line of progress after the seconds since the program started. */
export function say(text: string): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(0).padStart(4)
  process.stderr.write(`${seconds} s  ${text}\n`)
}

/** Says what is being done, says that it goes on every 20 s, and how long it took when that was noticeable. */
export async function saying<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const elapsed = () => ((performance.now() - start) / 1000).toFixed(0)
  say(`${what} …`)
  const beat = setInterval(() => say(`${what}: ${elapsed()} s so far`), 20_000)
  try {
    const result = await work()
    if (performance.now() - start > 3_000) say(`${what}: done in ${elapsed()} s`)
    return result
  } finally {
    clearInterval(beat)
  }
}
