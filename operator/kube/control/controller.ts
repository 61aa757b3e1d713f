// Reflectors → keys → queue → reconcile(key), until everything is as it should be.
import type { Logger } from 'pino'
import { type Clock, sleep } from '../clock.ts'
import { isConflict } from '../error.ts'
import type { KubeMetrics } from '../metrics.ts'
import type { KubeObject } from '../types.ts'
import { createQueue } from './queue.ts'
import type { Reflector } from './reflector.ts'

/** When to look again without being told; nothing means at the next change or resync. */
// biome-ignore lint/suspicious/noConfusingVoidType: a reconcile that has nothing to say just ends.
export type Result = { requeueAfterMs?: number } | void

export type Controller = {
  /** Waits until every source was listed, or may not be, then works. Resolves when the workers run; rejects never. */
  start(): Promise<void>
  enqueue(key: string): void
  enqueueAfter(key: string, ms: number): void
  /** Milliseconds that the oldest running reconcile has taken: far past the deadline means that it hangs. */
  longestRunning(): number
  /** Takes nothing new and waits for what runs; it is aborted after `graceMs`. */
  stop(graceMs?: number): Promise<void>
}

export type Source = {
  reflector: Reflector
  /** Which keys a change of this object concerns; by default the object's own. Called for the old and new state. */
  keys?: (object: KubeObject) => readonly string[]
}

export type ControllerOptions = {
  name: string
  sources: readonly Source[]
  /**
   * Brings the world nearer to what is wanted for one key; also called when the object is gone. Reads state, never
   * events. A throw is retried with a growing wait. `signal` aborts at the deadline and at a stop.
   */
  reconcile: (key: string, signal: AbortSignal) => Promise<Result>
  workers?: number
  /** Every key of the first source is looked at again this often (and up to a fifth later). */
  resyncMs?: number
  /** One reconcile is aborted after this long. */
  deadlineMs?: number
}

export type ControllerDeps = { clock: Clock; random: () => number; log: Logger; metrics: KubeMetrics }

/**
 * ```ts
 * const controller = createController(
 *   { name: 'community', sources: [{ reflector: communities }, { reflector: instances, keys: ownerKeys }], reconcile },
 *   deps,
 * )
 * communities.start(); instances.start()
 * await controller.start()
 * ```
 */
export function createController(options: ControllerOptions, deps: ControllerDeps): Controller {
  const { name, sources, reconcile, workers = 4, resyncMs = 600_000, deadlineMs = 300_000 } = options
  const { clock, random, metrics } = deps
  const log = deps.log.child({ controller: name })
  const queue = createQueue(name, deps)
  const stopping = new AbortController()
  const aborting = new AbortController()
  let running: Promise<unknown> = Promise.resolve()

  for (const { reflector, keys } of sources) {
    reflector.onChange(({ key, before, after }) => {
      const concerned = keys ? [before, after].flatMap((object) => (object ? keys(object) : [])) : [key]
      for (const one of new Set(concerned)) queue.add(one)
    })
  }

  async function work(): Promise<void> {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await workOn(key)
      queue.done(key)
    }
  }

  async function workOn(key: string): Promise<void> {
    const ended = new AbortController()
    const abort = () => ended.abort(new Error('stopping'))
    aborting.signal.addEventListener('abort', abort, { once: true })
    const cancel = clock.after(deadlineMs, () => ended.abort(new Error(`not done after ${deadlineMs} ms`)))
    try {
      const result = await reconcile(key, ended.signal)
      queue.forget(key)
      if (result?.requeueAfterMs !== undefined) queue.addAfter(key, result.requeueAfterMs)
      metrics.reconciles.inc({
        controller: name,
        result: result?.requeueAfterMs === undefined ? 'success' : 'requeue_after',
      })
    } catch (error) {
      const retryMs = Math.round(queue.addAfterFailure(key))
      metrics.reconciles.inc({ controller: name, result: 'error' })
      if (isConflict(error)) {
        // Somebody else was quicker: the next look sees it.
        log.debug({ key, retryMs }, 'changed meanwhile')
      } else {
        metrics.reconcileErrors.inc({ controller: name })
        log.error({ key, retryMs, err: error }, 'reconcile failed')
      }
    } finally {
      cancel()
      aborting.signal.removeEventListener('abort', abort)
    }
  }

  async function resync(): Promise<void> {
    const [first] = sources
    while (first && !stopping.signal.aborted) {
      await sleep(clock, resyncMs * (1 + random() / 5), stopping.signal)
      if (stopping.signal.aborted) return
      metrics.longestRunning.set({ name }, queue.longestRunning() / 1000)
      for (const object of first.reflector.store.list()) {
        for (const key of first.keys?.(object) ?? [`${object.metadata.namespace}/${object.metadata.name}`]) {
          // Spread over a minute: a resync of everything at once would be a burst of reads.
          queue.addAfter(key, random() * Math.min(60_000, resyncMs / 2))
        }
      }
    }
  }

  return {
    async start() {
      const stopped = new Promise<void>((resolve) =>
        stopping.signal.addEventListener('abort', () => resolve(), { once: true }),
      )
      await Promise.race([Promise.all(sources.map(({ reflector }) => reflector.answered)), stopped])
      if (stopping.signal.aborted) return
      running = Promise.all([resync(), ...Array.from({ length: workers }, work)])
      log.info({ workers }, 'working')
    },
    enqueue: (key) => queue.add(key),
    enqueueAfter: (key, ms) => queue.addAfter(key, ms),
    longestRunning: () => queue.longestRunning(),
    async stop(graceMs = 10_000) {
      stopping.abort()
      queue.close()
      const cancel = clock.after(graceMs, () => aborting.abort())
      await running
      cancel()
    },
  }
}
