// The moves that this process walks at this moment. They go on by themselves; a look at the Rebalance begins and resumes them.
import type { Logger } from 'pino'
import { backoff } from '../../kube/clock.ts'
import type { Driven } from '../../rebalance/drive/drive.ts'

export type Movers = {
  /** Ids of moves that are being walked. */
  running(): ReadonlySet<string>
  /** Moves that went no further, and in how many milliseconds they are to be walked on. */
  resting(): ReadonlyMap<string, number>
  /**
   * Walks a move in the background, unless it is being walked. `key` is the Rebalance's, told when the walk ends;
   * `instances` are the keys of the Instances between which the member moves.
   */
  drive(key: string, id: string, instances: readonly string[], walk: () => Promise<Driven>): void
  /** Whether a move from or to the Instance of this key is being walked, or is about to be. */
  busy(instance: string): boolean
  /** Keeps these Instances busy until the function that it returns is called. */
  hold(instances: readonly string[]): () => void
  onEnd(listener: (ended: Ended) => void): void
  /** Aborted when this process must move nobody any more. */
  readonly signal: AbortSignal
  /** Aborts what is under way, wherever it is, and waits for it. Whoever leads next goes on from there. */
  stop(): Promise<void>
}

export type Ended = {
  /** The Rebalance's. */
  readonly key: string
  /** The move was given up, so a plan that counted on it is wrong. */
  readonly undone: boolean
  readonly instances: readonly string[]
}

const FIRST_MS = 2_000
const LONGEST_MS = 60_000

export type MoversDeps = {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly random: () => number
  readonly log: Pick<Logger, 'warn'>
}

export function createMovers({ now, random, log }: MoversDeps): Movers {
  const stopping = new AbortController()
  const running = new Map<string, { readonly walk: Promise<void>; readonly instances: readonly string[] }>()
  const held = new Set<readonly string[]>()
  const rests = new Map<string, { tries: number; until: number }>()
  const listeners: ((ended: Ended) => void)[] = []

  function rest(id: string, why: string): void {
    const tries = rests.get(id)?.tries ?? 0
    rests.set(id, { tries: tries + 1, until: now() + backoff(tries, FIRST_MS, LONGEST_MS, random) })
    // The message alone: the details of an error of PostgreSQL may name people.
    if (!stopping.signal.aborted) log.warn({ move: id, why }, 'a move goes no further for now')
  }

  async function walkOne(
    key: string,
    id: string,
    instances: readonly string[],
    walk: () => Promise<Driven>,
  ): Promise<void> {
    let undone = false
    try {
      const driven = await walk()
      if (driven.is === 'later') rest(id, driven.code)
      else rests.delete(id)
      undone = driven.is === 'undone'
    } catch (error) {
      rest(id, error instanceof Error ? error.message : String(error))
    }
    running.delete(id)
    if (!stopping.signal.aborted) for (const listener of listeners) listener({ key, undone, instances })
  }

  return {
    running: () => new Set(running.keys()),
    resting: () => new Map([...rests].map(([id, { until }]) => [id, until - now()])),
    drive(key, id, instances, walk) {
      if (stopping.signal.aborted || running.has(id)) return
      running.set(id, { walk: walkOne(key, id, instances, walk), instances })
    },
    busy: (instance) =>
      [...running.values()].some(({ instances }) => instances.includes(instance)) ||
      [...held].some((instances) => instances.includes(instance)),
    hold(instances) {
      const mine = [...instances]
      held.add(mine)
      return () => void held.delete(mine)
    },
    onEnd: (listener) => void listeners.push(listener),
    signal: stopping.signal,
    async stop() {
      stopping.abort(new Error('stopping'))
      await Promise.allSettled([...running.values()].map(({ walk }) => walk))
    },
  }
}
