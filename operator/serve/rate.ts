// Token buckets: so many at once, then so many a second.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../kube/clock.ts'

export type Rate = {
  /** 0 when allowed now, else seconds until it may be tried again. */
  take(key: string): number
}

export function createRate(limits: { burst: number; perSecond: number }, clock: Clock): Rate {
  const { burst, perSecond } = limits
  // Bounded: whoever makes up names must not fill the memory. A forgotten bucket is a full one.
  const buckets = new LRUCache<string, { tokens: number; at: number }>({ max: 10_000 })
  return {
    take(key) {
      const now = clock.now()
      const { tokens, at } = buckets.get(key) ?? { tokens: burst, at: now }
      const filled = Math.min(burst, tokens + ((now - at) / 1000) * perSecond)
      const allowed = filled >= 1
      buckets.set(key, { tokens: allowed ? filled - 1 : filled, at: now })
      return allowed ? 0 : (1 - filled) / perSecond
    },
  }
}
