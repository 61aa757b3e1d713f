// Events: what `kubectl describe` shows. The same news again is counted, not written again.
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { Clock } from './clock.ts'
import { isNotFound } from './error.ts'
import { microTime } from './lease.ts'
import { resources } from './resources.ts'
import type { Kube, KubeObject } from './types.ts'

export type News = {
  regarding: Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>
  type: 'Normal' | 'Warning'
  /** One of operator/api/reasons.ts. */
  reason: string
  /** What the operator was doing, as one word: Reconcile, Create … */
  action?: string
  /** For people; never with personal data. At most 1024 characters, the rest is cut. */
  note: string
}

export type Events = {
  /** Never throws and never waits: an Event is a courtesy. */
  emit(news: News): void
  /** Waits for what is being written. */
  flush(): Promise<void>
}

export type EventsDeps = {
  kube: Pick<Kube, 'create' | 'patch'>
  clock: Clock
  /** Makes names unique. */
  random: () => number
  log: Logger
}

type Told = { name: string; count: number; writtenAt: number; firstAt: number; made: Promise<boolean> }

const AGAIN_MS = 600_000 // a series is updated at most this often
const FORGET_MS = 3_000_000 // shorter than the hour for which the API server keeps Events
const BURST = 25
const REFILL_MS = 60_000

/** `instance` is the reporting process, such as the pod's name. */
export function createEvents(reporter: { controller: string; instance: string }, deps: EventsDeps): Events {
  const { kube, clock, random, log } = deps
  const told = new LRUCache<string, Told>({ max: 2000 })
  const buckets = new LRUCache<string, { tokens: number; at: number }>({ max: 2000 })
  const pending = new Set<Promise<void>>()

  /** One object in trouble must not fill etcd: so many Events at once, then one a minute. */
  function mayWrite(uid: string): boolean {
    const bucket = buckets.get(uid) ?? { tokens: BURST, at: clock.now() }
    const tokens = Math.min(BURST, bucket.tokens + (clock.now() - bucket.at) / REFILL_MS)
    buckets.set(uid, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: clock.now() })
    return tokens >= 1
  }

  async function first(news: News, name: string): Promise<boolean> {
    const { metadata, apiVersion, kind } = news.regarding
    try {
      await kube.create({
        apiVersion: resources.event.apiVersion,
        kind: resources.event.kind,
        metadata: { name, namespace: metadata.namespace ?? 'default' },
        eventTime: microTime(clock.date()),
        reportingController: reporter.controller,
        reportingInstance: reporter.instance.slice(0, 128),
        type: news.type,
        reason: news.reason,
        action: news.action ?? 'Reconcile',
        note: news.note.length > 1024 ? `${news.note.slice(0, 1023)}…` : news.note,
        regarding: {
          apiVersion,
          kind,
          name: metadata.name,
          ...(metadata.namespace && { namespace: metadata.namespace }),
          ...(metadata.uid && { uid: metadata.uid }),
          ...(metadata.resourceVersion && { resourceVersion: metadata.resourceVersion }),
        },
      })
      return true
    } catch (error) {
      log.warn({ err: error, reason: news.reason, object: metadata.name }, 'could not write an Event')
      return false
    }
  }

  async function repeat(news: News, series: Told, key: string): Promise<void> {
    if (!(await series.made)) return void told.delete(key)
    const namespace = news.regarding.metadata.namespace ?? 'default'
    try {
      await kube.patch(
        resources.event,
        { namespace, name: series.name },
        {
          series: { count: series.count, lastObservedTime: microTime(clock.date()) },
        },
      )
    } catch (error) {
      // The API server forgets Events after an hour: the next one is a new Event.
      told.delete(key)
      if (!isNotFound(error)) log.warn({ err: error, reason: news.reason }, 'could not update an Event')
    }
  }

  function track(work: Promise<unknown>): void {
    const tracked: Promise<void> = work.then(() => void pending.delete(tracked))
    pending.add(tracked)
  }

  return {
    emit(news) {
      const { metadata } = news.regarding
      const uid = metadata.uid ?? `${metadata.namespace}/${metadata.name}`
      const key = JSON.stringify([uid, news.type, news.reason, news.action, news.note])
      const series = told.get(key)
      if (series && clock.now() - series.firstAt < FORGET_MS) {
        series.count++
        if (clock.now() - series.writtenAt < AGAIN_MS || !mayWrite(uid)) return
        series.writtenAt = clock.now()
        track(repeat(news, series, key))
        return
      }
      if (!mayWrite(uid)) {
        log.debug({ reason: news.reason, object: metadata.name }, 'too many Events for one object')
        return
      }
      const suffix = Math.floor(random() * 2 ** 40).toString(36)
      const name = `${metadata.name.slice(0, 200)}.${clock.date().getTime().toString(36)}${suffix}`
      const made = first(news, name)
      told.set(key, { name, count: 1, writtenAt: clock.now(), firstAt: clock.now(), made })
      track(made)
    },
    async flush() {
      await Promise.all(pending)
    },
  }
}
