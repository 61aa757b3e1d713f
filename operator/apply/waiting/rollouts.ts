// How many communities have pods replaced at this moment, and who is next: what one look at one Instance cannot see.
import { ROLLOUT_SECONDS } from '../../build/workload/deployment.ts'
import { isRolling } from '../../decide/instances/pods.ts'
import type { Budget } from '../../decide/snapshot.ts'
import type { Change } from '../../kube/control/store.ts'

export type Rollouts = {
  /** What an Instance of this community may count on. Valid until the next await: `begin` or `wait` comes before it. */
  budget(community: string): Budget
  /** The Instance's pod is about to be replaced; `generation` is its Deployment's, as it was seen. */
  begin(instance: string, generation: number): void
  /** It was surely not replaced: the API server said no. */
  refused(instance: string): void
  /** The Instance has to wait; it is named by `saw` when it is worth another look. */
  wait(instance: string): void
  /** It is looked at, or has nothing to wait for. */
  settled(instance: string): void
  /** Whether the Instance's pod is being replaced, or is to be as soon as it may. */
  replaced(instance: string): 'now' | 'soon' | undefined
  /** A Deployment of an Instance changed; the keys of Instances that are worth a look now. */
  saw(change: Change): string[]
}

/** A rollout that is not over by then is stuck, whatever is seen of it: its namespace may be gone from our sight. */
const ROLLING_MS = 2 * ROLLOUT_SECONDS * 1000
/** By then the watch has told what became of it, or nothing did. */
const BEGINNING_MS = 60_000

/** Keys are `namespace/name`; a Deployment has the name of its Instance. */
const communityOf = (instance: string): string => instance.replace(/-[0-9]+$/, '')

/** `limit` communities at a time; `now` in milliseconds since 1970. Only the leader asks, so nobody else counts. */
export function createRollouts(limit: number, now: () => number): Rollouts {
  const rolling = new Map<string, { generation: number; until: number }>()
  const beginning = new Map<string, { generation: number; until: number }>()
  // In the order in which they were looked at last, so that one that cannot go on holds up nobody for ever.
  const waiting = new Set<string>()

  function busy(): Set<string> {
    const still = [...rolling, ...beginning].filter(([, { until }]) => until > now())
    return new Set(still.map(([key]) => communityOf(key)))
  }

  /** First the same community, which is half way; then as many others as may begin. */
  function next(changed: string): string[] {
    const taken = busy()
    const line = Map.groupBy(waiting, communityOf)
    const own = taken.has(changed) ? undefined : line.get(changed)
    const free = limit - taken.size - (own ? 1 : 0)
    const others = [...line].filter(([community]) => community !== changed && !taken.has(community))
    return [...(own ?? []), ...others.slice(0, Math.max(0, free)).flatMap(([, keys]) => keys)]
  }

  return {
    budget(community) {
      const taken = busy()
      // One that is half way is counted already. Were it to wait, two with a bad image would each keep the other from
      // going back.
      return { limit, elsewhere: taken.has(community) ? 0 : taken.size }
    },
    begin(instance, generation) {
      waiting.delete(instance)
      beginning.set(instance, { generation, until: now() + BEGINNING_MS })
    },
    refused: (instance) => void beginning.delete(instance),
    wait(instance) {
      waiting.delete(instance)
      waiting.add(instance)
    },
    settled: (instance) => void waiting.delete(instance),
    replaced(instance) {
      const until = Math.max(rolling.get(instance)?.until ?? 0, beginning.get(instance)?.until ?? 0)
      return until > now() ? 'now' : waiting.has(instance) ? 'soon' : undefined
    },
    saw({ key, after }) {
      const { generation = 0 } = after?.metadata ?? {}
      if (!after || !isRolling(after)) rolling.delete(key)
      else if (rolling.get(key)?.generation !== generation)
        rolling.set(key, { generation, until: now() + ROLLING_MS })
      // From here on the Deployment speaks for itself.
      const begun = beginning.get(key)
      if (!after || (begun && generation > begun.generation)) beginning.delete(key)
      return next(communityOf(key))
    },
  }
}
