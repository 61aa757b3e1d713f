// Telling the operator that seats get few, so that the next instance starts before it is needed; or that the directory is
// not to be believed, so that it is rebuilt before anybody misses it.
import type { Logger } from 'pino'
import { request } from 'undici'
import type { Homes, InstanceInfo } from '../directory/homes.ts'

export type Seats = {
  readonly instances: readonly Pick<InstanceInfo, 'state' | 'cap' | 'taken'>[]
  readonly waiting: number
  readonly perInstance: number
}

/**
 * Whether the operator should look now: somebody waits, or fewer than half an instance's seats are free. It decides
 * itself whether to grow; a wake too many costs it one look.
 */
export function seatsAreLow({ instances, waiting, perInstance }: Seats): boolean {
  if (waiting > 0) return true
  const free = instances
    .filter(({ state }) => state === 'Active')
    .reduce((sum, { cap, taken }) => sum + Math.max(0, cap - taken), 0)
  return free < Math.max(2, perInstance / 2)
}

type Deps = {
  readonly homes: Pick<Homes, 'instances' | 'totals' | 'settings' | 'loaded' | 'regressed' | 'onChange'>
  readonly wakeUrl: string | undefined
  readonly log: Logger
}

/**
 * Posts an empty body to the operator whenever memory of the directory changed and seats are low or it has gone back in
 * time, at most once per `everyMs`. A wake that fails is not repeated: the operator also looks by itself, only less often.
 */
export function startWake(deps: Deps, everyMs = 2_000): { stop(): void } {
  const { wakeUrl: url, homes, log } = deps
  if (url === undefined) return { stop: () => undefined }
  let timer: NodeJS.Timeout | undefined
  let last = Number.NEGATIVE_INFINITY
  const send = async () => {
    timer = undefined
    last = performance.now()
    try {
      const answer = await request(url, { method: 'POST', signal: AbortSignal.timeout(3_000) })
      await answer.body.dump()
    } catch (error) {
      log.debug({ err: error }, 'the operator could not be woken')
    }
  }
  const consider = () => {
    if (timer || !homes.loaded) return
    const { waiting } = homes.totals()
    const seats = { instances: homes.instances(), waiting, perInstance: homes.settings().perInstance }
    if (!homes.regressed && !seatsAreLow(seats)) return
    timer = setTimeout(() => void send(), Math.max(0, last + everyMs - performance.now()))
    timer.unref()
  }
  const unlisten = homes.onChange(consider)
  consider()
  return {
    stop: () => {
      unlisten()
      clearTimeout(timer)
    },
  }
}
