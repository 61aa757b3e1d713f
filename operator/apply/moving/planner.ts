// Plans are made in a thread of their own: one for thousands of members takes seconds, in which whoever leads has to
// renew its Lease and to answer.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { makePlan } from '../../decide/rebalance/plan/plan.ts'

// The bundle has it beside itself.
const THREAD = ['./planner-thread.ts', './planner-thread.js']
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(url))
// Said at the start, and not first when members have to move.
if (!THREAD) throw new Error(`there is no planner-thread.js beside ${import.meta.url}`)
const thread: URL = THREAD

/**
 * What `makePlan` makes of the same, while this thread goes on. Throws what it throws, and an AbortError once `signal` is
 * aborted. Nothing of it runs any more when the promise is settled.
 */
export async function planInThread(
  asked: Parameters<typeof makePlan>,
  signal: AbortSignal,
): Promise<ReturnType<typeof makePlan>> {
  signal.throwIfAborted()
  const worker = new Worker(thread, { workerData: asked })
  // Whoever has been aborted hears of no error, and one that nobody hears would end the process.
  worker.on('error', () => undefined)
  try {
    const [state] = await once(worker, 'message', { signal })
    return state as ReturnType<typeof makePlan>
  } finally {
    await worker.terminate()
  }
}
