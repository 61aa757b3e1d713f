// Ending without anybody noticing: stop taking, finish, let go.
import type { Logger } from 'pino'
import type { Lifecycle } from './lifecycle.ts'

export type StopParts = {
  readonly lifecycle: Lifecycle
  /** The listeners; each `close` ends when the requests under way are answered. */
  readonly servers: readonly { close(): Promise<unknown> }[]
  /** Background work; each `stop` finishes or gives back what it leased. */
  readonly workers: readonly { stop(): Promise<unknown> | unknown }[]
  /** Connections to siblings and databases, closed last and in order, for the above still use them. */
  readonly pools: readonly (() => Promise<unknown>)[]
  readonly log: Logger
}

export type StopTimes = {
  /** How long requests are still taken, until the cluster has noticed that this pod is not ready. */
  readonly noticeMs: number
  /** How long requests and workers may take to end; what is not done then is cut off. */
  readonly finishMs: number
}

export const STOP_TIMES: StopTimes = { noticeMs: 3_000, finishMs: 15_000 }

/**
 * Ends in order: not ready, but answering; then the listeners close and the workers finish, side by side; then the
 * pools. Bounded by `noticeMs + finishMs` and a second for the pools. Never throws: every step is tried.
 */
export async function stopGracefully(parts: StopParts, times: StopTimes = STOP_TIMES): Promise<void> {
  const { lifecycle, log } = parts
  lifecycle.stop()
  log.info('stopping: not ready any more')
  // Workers take nothing new from now on: what they lease late would only have to be given back.
  const workers = all(
    'a worker',
    parts.workers.map((worker) => async () => worker.stop()),
    log,
  )
  await wait(times.noticeMs)
  const servers = all(
    'a listener',
    parts.servers.map((server) => () => server.close()),
    log,
  )
  await bounded(Promise.all([workers, servers]), times.finishMs, 'requests or workers', log)
  const inOrder = async () => {
    for (const close of parts.pools) await all('a pool', [close], log)
  }
  await bounded(inOrder(), 1_000, 'pools', log)
  log.info('stopped')
}

async function all(what: string, steps: readonly (() => Promise<unknown>)[], log: Logger): Promise<void> {
  await Promise.all(
    steps.map(async (step) => {
      try {
        await step()
      } catch (error) {
        log.error({ err: error }, `${what} did not end well`)
      }
    }),
  )
}

async function bounded(work: Promise<unknown>, ms: number, what: string, log: Logger): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      log.warn({ ms }, `${what} took too long and are cut off`)
      resolve()
    }, ms)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
