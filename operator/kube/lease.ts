// One leader at a time, by a Lease. Times are judged by our own clock only: clocks of two nodes may differ.
import type { Logger } from 'pino'
import { type Clock, sleep } from './clock.ts'
import { isAlreadyExists, isConflict } from './error.ts'
import type { KubeMetrics } from './metrics.ts'
import { resources } from './resources.ts'
import type { Kube, KubeObject } from './types.ts'

export type Leader = {
  /**
   * Stands for election until stopped. `onLead` is called once when elected. `onLost` is called once when leadership
   * ended without our asking: the process must exit, since what it began cannot be called back.
   */
  start(): void
  /** Gives the Lease back, so that the next leader need not wait for it to expire. */
  stop(): Promise<void>
  /** Whether our last renewal is recent enough that nobody else can have been elected. */
  leads(): boolean
  /** The identity of the leader as last seen, our own included. */
  holder(): string | undefined
}

export type LeaseOptions = {
  namespace: string
  name: string
  /** Unique per process, such as the pod's name and address. */
  identity: string
  onLead: () => void
  onLost: () => void
  /** Others wait so long after the last renewal they saw (15 s). */
  leaseMs?: number
  /** A leader that could not renew for so long gives up (10 s). */
  renewDeadlineMs?: number
  /** Between tries (2 s). */
  retryMs?: number
}

export type LeaseDeps = {
  kube: Pick<Kube, 'get' | 'create' | 'replace'>
  clock: Clock
  random: () => number
  log: Logger
  metrics: KubeMetrics
}

type LeaseSpec = {
  holderIdentity?: string
  leaseDurationSeconds?: number
  acquireTime?: string
  renewTime?: string
  leaseTransitions?: number
}

export function createLeader(options: LeaseOptions, deps: LeaseDeps): Leader {
  const { namespace, name, identity, onLead, onLost } = options
  const { leaseMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2_000 } = options
  const { kube, clock, random, log, metrics } = deps
  const stopping = new AbortController()
  /** The Lease as last read, and when its version was first seen. */
  let seen: { version: string; spec: LeaseSpec; at: number } | undefined
  /** Our own last write: renewing it needs no read before. */
  let ours: KubeObject | undefined
  /** When the request was sent that last made or kept us leader. */
  let renewed: number | undefined
  let running: Promise<void> | undefined

  const leads = () => renewed !== undefined && clock.now() - renewed < renewDeadlineMs

  function note(lease: KubeObject): LeaseSpec {
    const version = lease.metadata.resourceVersion ?? ''
    const spec = Object(lease.spec) as LeaseSpec
    if (seen?.version !== version) seen = { version, spec, at: clock.now() }
    return spec
  }

  /** One try to become or stay leader. */
  async function attempt(): Promise<boolean> {
    const sent = clock.now()
    const lease = ours ?? (await kube.get(resources.lease, { namespace, name }))
    ours = undefined
    if (!lease) return won(await kube.create({ ...header(), spec: spec({}) }), sent)
    const held = note(lease)
    const others =
      held.holderIdentity !== undefined && held.holderIdentity !== '' && held.holderIdentity !== identity
    const validMs = Math.max(leaseMs, (held.leaseDurationSeconds ?? 0) * 1000)
    if (others && clock.now() - (seen?.at ?? 0) < validMs) return false
    // With the version that was read: of two who try at once the API server refuses one.
    return won(await kube.replace({ ...lease, ...header(lease), spec: spec(held) }), sent)
  }

  function won(lease: KubeObject, sent: number): true {
    note(lease)
    ours = lease
    renewed = sent
    return true
  }

  const header = (lease?: KubeObject) => ({
    apiVersion: resources.lease.apiVersion,
    kind: resources.lease.kind,
    metadata: lease?.metadata ?? { namespace, name },
  })

  function spec(held: LeaseSpec): LeaseSpec {
    const renewal = held.holderIdentity === identity
    const now = microTime(clock.date())
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseMs / 1000),
      acquireTime: (renewal ? held.acquireTime : undefined) ?? now,
      renewTime: now,
      leaseTransitions: (held.leaseTransitions ?? 0) + (renewal || held.holderIdentity === undefined ? 0 : 1),
    }
  }

  /** A try that does not outlive `ms`, even if the request hangs. */
  async function attemptWithin(ms: number): Promise<boolean> {
    const late = new AbortController()
    const trying = attempt().catch((error: unknown) => {
      if (isConflict(error) || isAlreadyExists(error)) log.debug('somebody else took the Lease')
      else log.warn({ err: error }, 'could not reach the Lease')
      return false
    })
    const won = await Promise.race([trying, sleep(clock, ms, late.signal).then(() => false)])
    late.abort()
    return won
  }

  async function run(): Promise<void> {
    const pause = () => sleep(clock, retryMs * (1 + random() / 5), stopping.signal)
    while (!stopping.signal.aborted && !(await attemptWithin(renewDeadlineMs))) await pause()
    if (stopping.signal.aborted) return
    log.info({ identity }, 'leading')
    metrics.leader.set({ name }, 1)
    onLead()
    while (!stopping.signal.aborted && leads()) {
      const left = renewDeadlineMs - (clock.now() - (renewed ?? 0))
      await attemptWithin(left)
      if (leads() && seen?.spec.holderIdentity !== identity) renewed = undefined
      // Not past the deadline: leadership must end on time, not at the next try.
      else if (leads()) {
        const rest = renewDeadlineMs - (clock.now() - (renewed ?? 0))
        await sleep(clock, Math.min(retryMs, rest), stopping.signal)
      }
    }
    metrics.leader.set({ name }, 0)
    if (stopping.signal.aborted) return
    renewed = undefined
    log.error({ identity }, 'no longer leading')
    onLost()
  }

  return {
    start() {
      running ??= run()
    },
    async stop() {
      const led = leads()
      stopping.abort()
      await running
      if (!led) return
      renewed = undefined
      try {
        const lease = await kube.get(resources.lease, { namespace, name })
        const held = Object(lease?.spec) as LeaseSpec
        if (!lease || held.holderIdentity !== identity) return
        await kube.replace({
          ...lease,
          spec: { ...held, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(clock.date()) },
        })
      } catch (error) {
        log.warn({ err: error }, 'could not give the Lease back: the next leader waits until it expires')
      }
    },
    leads,
    holder: () => seen?.spec.holderIdentity || undefined,
  }
}

/** The form of Lease and Event times: the API server refuses milliseconds alone. */
export const microTime = (date: Date): string => date.toISOString().replace('Z', '000Z')

/** An identity that also says where the process serves, so that the other replica can pass wakes on to the leader. */
export const identityOf = (pod: string, address: string, port: number): string =>
  `${pod}_${address.includes(':') ? `[${address}]` : address}:${port}`

/** The reverse: `http://10.1.2.3:8080`, or undefined for an identity of another form. */
export function urlOf(identity: string | undefined): string | undefined {
  const match = /^[^_]+_((?:[0-9.]+|\[[0-9a-fA-F:]+\]):[0-9]+)$/.exec(identity ?? '')
  return match?.[1] && `http://${match[1]}`
}
