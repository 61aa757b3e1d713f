// Keeps a store equal to the API server's objects: list, then watch, and again after every gap.
import type { Logger } from 'pino'
import { backoff, type Clock, sleep } from '../clock.ts'
import { isForbidden, isGone, isNotFound, KubeError } from '../error.ts'
import type { KubeMetrics } from '../metrics.ts'
import type { KubeClient, Resource, Selection } from '../types.ts'
import { type Change, createStore, type Indexes, type Store } from './store.ts'

export type Reflector = {
  readonly resource: Resource
  readonly store: Store
  /** Resolves after the first full list. Nothing may be decided before: an empty store would look like "none". */
  readonly synced: Promise<void>
  /**
   * Resolves after the first full list, or once the API server said that this may not be listed. A namespace that is gone
   * took our rights there with it: whoever works for others too waits for this, and must not take "not allowed" for "none".
   */
  readonly answered: Promise<void>
  /**
   * Milliseconds since the API server last told us something: a list, an event, a bookmark, or that we may not look (403)
   * or that there is no such kind (404). A restart cures neither of the last two.
   */
  age(): number
  /** Called for every change, after the store has it. Must not throw; it should only enqueue a key. */
  onChange(listener: (change: Change) => void): void
  start(): void
  stop(): Promise<void>
}

export type ReflectorDeps = {
  kube: Pick<KubeClient, 'snapshot' | 'watch'>
  clock: Clock
  random: () => number
  log: Logger
  metrics: KubeMetrics
}

export type ReflectorOptions = {
  resource: Resource
  selection?: Selection
  indexes?: Indexes
  /** A watch on which nothing came for so long, not even a bookmark (sent every minute), is dead. */
  silenceMs?: number
  /** The server is asked to end a watch after this long and up to twice as long. */
  watchSeconds?: number
}

/**
 * A reflector for one kind in one namespace or in all. Failures never end it: it lists or watches again with a jittered
 * back-off. There is one loop, so restarts cannot pile up.
 */
export function createReflector(options: ReflectorOptions, deps: ReflectorDeps): Reflector {
  const { resource, selection = {}, silenceMs = 100_000, watchSeconds = 300 } = options
  const { kube, clock, random, metrics } = deps
  const log = deps.log.child({ resource: resource.plural, namespace: selection.namespace })
  const labels = { resource: resource.plural }
  const store = createStore(options.indexes)
  const listeners: ((change: Change) => void)[] = []
  const stopping = new AbortController()
  const synced = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  let refused = false
  let heard = clock.now()
  let running: Promise<void> | undefined

  const tell = (change: Change | undefined) => {
    if (change) for (const listener of listeners) listener(change)
  }

  async function list(): Promise<string> {
    metrics.lists.inc(labels)
    const { items, resourceVersion } = await kube.snapshot(resource, selection)
    heard = clock.now()
    const changes = store.replace(items)
    metrics.objects.set(labels, store.size)
    synced.resolve()
    answered.resolve()
    allowed()
    changes.forEach(tell)
    return resourceVersion
  }

  /** Follows one watch to its end; returns the version to go on from, and whether anything came. */
  async function watch(from: string): Promise<{ version: string; events: number; failure?: unknown }> {
    let version = from
    let events = 0
    const ended = new AbortController()
    const stop = () => ended.abort(new Error('stopping'))
    stopping.signal.addEventListener('abort', stop, { once: true })
    let cancel = () => {}
    const guard = () => {
      cancel()
      cancel = clock.after(silenceMs, () => ended.abort(new Error(`nothing came for ${silenceMs} ms`)))
    }
    metrics.watches.inc(labels)
    try {
      guard()
      const timeoutSeconds = watchSeconds * (1 + random())
      const { signal } = ended
      for await (const event of kube.watch(resource, selection, {
        resourceVersion: from,
        timeoutSeconds,
        signal,
      })) {
        heard = clock.now()
        guard()
        allowed()
        events++
        if (event.type === 'BOOKMARK') {
          version = event.resourceVersion
          continue
        }
        version = event.object.metadata.resourceVersion ?? version
        tell(event.type === 'DELETED' ? store.remove(event.object) : store.put(event.object))
        metrics.objects.set(labels, store.size)
      }
      return { version, events }
    } catch (failure) {
      return { version, events, failure }
    } finally {
      cancel()
      stopping.signal.removeEventListener('abort', stop)
    }
  }

  async function run(): Promise<void> {
    let version: string | undefined
    let failures = 0
    while (!stopping.signal.aborted) {
      const begun = clock.now()
      let failure: unknown
      try {
        if (version === undefined) {
          version = await list()
          failures = 0
        }
        const watched = await watch(version)
        version = watched.version
        failure = watched.failure
        // A watch that ends at once without a word would otherwise be repeated without a pause.
        if (watched.events > 0 || clock.now() - begun > 1000) failures = 0
        else failures++
      } catch (error) {
        failure = error
        failures++
      }
      if (stopping.signal.aborted) return
      if (failure !== undefined) {
        report(failure)
        if (isGone(failure)) version = undefined
        // After any other failure the version is still good: watching on from it misses nothing and costs no list.
        failures = Math.max(1, failures)
      }
      if (failures > 0) await sleep(clock, backoff(failures - 1, 500, 30_000, random), stopping.signal)
    }
  }

  const place = { ...labels, namespace: selection.namespace ?? '' }
  const allowed = () => {
    if (!refused) return
    refused = false
    metrics.refused.set(place, 0)
    log.info('allowed again')
  }

  function report(failure: unknown): void {
    const why = failure instanceof KubeError ? String(failure.failure.code) : 'error'
    metrics.watchFailures.inc({ ...labels, why })
    if (isNotFound(failure) || isForbidden(failure)) {
      heard = clock.now()
      // Only what is not allowed may stay so while all else works; without the kinds nothing works anywhere.
      if (isForbidden(failure)) answered.resolve()
      const level = refused ? 'debug' : 'error'
      refused = true
      metrics.refused.set(place, 1)
      if (isNotFound(failure)) log[level]('the API server does not know this kind: install the CRDs')
      else
        log[level](
          { err: failure },
          'not allowed to list and watch: if the namespace is gone, take it out of watchNamespaces, else see the Roles in it',
        )
    } else if (isGone(failure)) log.debug('the version to watch from is gone: listing again')
    else log.warn({ err: failure }, 'list or watch failed: trying again')
  }

  return {
    resource,
    store,
    synced: synced.promise,
    answered: answered.promise,
    age: () => clock.now() - heard,
    onChange: (listener) => void listeners.push(listener),
    start() {
      heard = clock.now()
      running ??= run()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}
