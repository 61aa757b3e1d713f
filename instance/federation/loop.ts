// A background worker: works while there is work, then waits to be woken or for its slow poll.
import { pause } from '../store/failures.ts'

export type Worker = { stop(): Promise<void>; poke(): void }

export type LoopOptions = {
  /** Does some work; true if there may be more right away. Errors are logged and followed by a pause. */
  readonly step: (signal: AbortSignal) => Promise<boolean>
  /** How long to sleep when nothing wakes it; ±50 %, so that pods do not beat in time. */
  readonly pollMs: number
  readonly random: () => number
  readonly onError: (error: unknown) => void
}

/** Starts the loop. `stop` aborts the signal, and resolves when the step under way has ended. */
export function startLoop(options: LoopOptions): Worker {
  const stopping = new AbortController()
  let woken = false
  let wake = () => {}
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const over = new AbortController()
      wake = () => {
        over.abort()
        resolve()
      }
      const end = AbortSignal.any([over.signal, stopping.signal])
      void pause(ms, end).then(resolve)
    })
  const done = (async () => {
    while (!stopping.signal.aborted) {
      let more = false
      woken = false
      try {
        more = await options.step(stopping.signal)
      } catch (error) {
        if (!stopping.signal.aborted) options.onError(error)
        await pause(options.pollMs * options.random(), stopping.signal)
      }
      if (!more && !woken && !stopping.signal.aborted) await sleep(options.pollMs * (0.5 + options.random()))
    }
  })()
  return {
    poke: () => {
      woken = true
      wake()
    },
    stop: async () => {
      stopping.abort()
      await done
    },
  }
}
