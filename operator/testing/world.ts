// One community on a real API server and a real PostgreSQL, driven without watches: reconciled until nothing moves.
import { pino } from 'pino'
import { COMMUNITY_LABEL } from '../api/objects.ts'
import { createReconcilers } from '../apply/controllers.ts'
import { createMovers, type Movers } from '../apply/moving/movers.ts'
import type { Reach } from '../apply/moving/reach.ts'
import { createRollouts } from '../apply/waiting/rollouts.ts'
import { claimName } from '../build/data/claim.ts'
import { readConfig } from '../config.ts'
import { resources } from '../kube/resources.ts'
import type { Kube, KubeObject } from '../kube/types.ts'
import type { ActorKeys } from '../postgres/directory/keys.ts'
import { type Prepared, prepare } from '../postgres/prepared.ts'
import type { Credentials } from '../postgres/server/credentials.ts'
import { openServer } from '../postgres/server/session.ts'
import { createFaults, type Faults, Killed } from './faults.ts'

const quiet = pino({ level: 'silent' })

export type World = {
  readonly kube: Kube
  readonly admin: Credentials
  readonly migrations: Prepared['migrations']
  readonly keys: ActorKeys
  readonly operatorNamespace: string
  /** Added to the time of day: rounds are 15 s apart, as if the operator had looked again after its usual wait. */
  skewMs: number
  /** Instances that run. Without them nobody is moved. */
  readonly homes?: { readonly reach: Reach; serve(place: Place): Promise<void> }
  /** Deployments whose pods never serve. */
  readonly broken?: ReadonlySet<string>
}

export type Place = { readonly namespace: string; readonly name: string; readonly domain: string }

/** Everything in a process of its own, which `faults` may kill. */
export function startProcess(world: World, faults: Faults) {
  const kube = faults.kube(world.kube)
  const config = readConfig({
    HAMLET_NAMESPACE: world.operatorNamespace,
    HAMLET_INSTANCE_IMAGE: 'hamlet.example/hamlet:1',
    HAMLET_POSTGRES_HOST: world.admin.host,
    HAMLET_POSTGRES_PORT: String(world.admin.port),
    HAMLET_CA_SECRET: 'hamlet-ca',
    HAMLET_WAKE_URL: 'http://hamlet-operator.hamlet.svc:8080/wake',
  })
  const now = () => Date.now() + world.skewMs
  const movers = createMovers({ now, random: () => 0, log: quiet })
  const reconcilers = createReconcilers({
    kube,
    config,
    random: () => 0,
    now,
    rollouts: createRollouts(1, now),
    figures: { noteExpiry: () => undefined, noteAwaiting: () => undefined },
    movers,
    reach: faults.reach(world.homes?.reach ?? nobody),
    log: quiet,
    events: { emit: () => undefined },
    keys: { take: async () => world.keys },
    prepared: prepare(world.migrations),
    openServer: (credentials) => faults.server(openServer(credentials)),
  })
  return { ...reconcilers, movers }
}

const nobody: Reach = () => ({
  call: async () => ({ status: 503, body: undefined }),
  close: async () => undefined,
})

/** Plays the cluster's part: every Deployment has its pod, and the pod serves. */
export async function playKubelet({ kube, broken }: World, { namespace, name }: Place): Promise<boolean> {
  const deployments = await kube.list(resources.deployment, {
    namespace,
    labelSelector: `${COMMUNITY_LABEL}=${name}`,
  })
  let moved = false
  for (const { metadata, status } of deployments) {
    if (broken?.has(metadata.name)) continue
    const generation = metadata.generation ?? 0
    if (Object(status).observedGeneration === generation) continue
    moved = true
    await kube.applyStatus(
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: metadata.name, namespace },
        status: {
          observedGeneration: generation,
          replicas: 1,
          updatedReplicas: 1,
          readyReplicas: 1,
          availableReplicas: 1,
        },
      },
      'kubelet',
    )
  }
  return moved
}

const OWNED = [
  resources.instance,
  resources.rebalance,
  resources.deployment,
  resources.service,
  resources.ingress,
  resources.networkPolicy,
  resources.secret,
]

/** Plays the cluster's garbage collection: whatever is owned by a Community that is gone goes too. */
export async function playCollector({ kube }: Pick<World, 'kube'>, namespace: string): Promise<boolean> {
  const listed = await Promise.all(OWNED.map((kind) => kube.list(kind, { namespace })))
  // Read after what they own, so that nothing of one that was made meanwhile is taken.
  const owners = new Set(
    (await kube.list(resources.community, { namespace })).map(({ metadata }) => metadata.uid),
  )
  const left = listed
    .flat()
    .filter(({ metadata }) =>
      metadata.ownerReferences?.some(({ kind, uid }) => kind === 'Community' && !owners.has(uid)),
    )
  for (const { metadata, kind } of left) {
    const resource = OWNED.find((one) => one.kind === kind)
    if (resource) await kube.delete(resource, metadata)
  }
  return left.length > 0
}

/** Until every move that is being walked has ended or goes no further; for whoever is over, until the next of them has. */
const walked = (movers: Movers, isOver: () => boolean) =>
  new Promise<void>((resolve) => {
    const look = () => {
      if (movers.running().size === 0 || isOver()) resolve()
    }
    movers.onEnd(look)
    look()
  })

/**
 * Reconciles until a whole round writes nothing. When the process is killed, `died` is awaited, and another one starts
 * from nothing while instances may still be at work for the dead one; what fails for another cause is tried again, as
 * the queue would. Throws when it does not settle.
 */
export async function settle(
  world: World,
  place: Place,
  faults: Faults,
  died: () => Promise<void> = async () => undefined,
): Promise<Faults> {
  let process = faults
  let reconcilers = startProcess(world, process)
  const dying: Promise<void>[] = []
  const key = `${place.namespace}/${place.name}`
  for (let round = 0; round < 40; round++) {
    world.skewMs += 15_000
    const before = process.writes
    let failed = false
    const run = async (work: Promise<unknown>) => {
      try {
        await work
      } catch (error) {
        failed = true
        // What the fault caused may show under the name of what it broke.
        if (!(error instanceof Killed) && !process.dead && !process.struck) throw error
      }
    }
    const signal = AbortSignal.timeout(60_000)
    const instances = await world.kube.list(resources.instance, { namespace: place.namespace })
    const rebalances = world.homes
      ? await world.kube.list(resources.rebalance, { namespace: place.namespace })
      : []
    // As in life: all controllers at the same time.
    await Promise.all([
      run(reconcilers.community(key, signal)),
      ...instances.map(({ metadata }) =>
        run(reconcilers.instance(`${place.namespace}/${metadata.name}`, signal)),
      ),
      ...rebalances.map(({ metadata }) =>
        run(reconcilers.rebalance(`${place.namespace}/${metadata.name}`, signal)),
      ),
    ])
    const { movers } = reconcilers
    await walked(movers, () => process.dead)
    if (process.dead) {
      dying.push(walked(movers, () => false))
      await died()
      process = createFaults()
      reconcilers = startProcess(world, process)
      continue
    }
    await world.homes?.serve(place)
    const served = await playKubelet(world, place)
    const moved = (await playCollector(world, place.namespace)) || served
    if (failed || moved || process.writes !== before) continue
    await Promise.all(dying)
    return process
  }
  throw new Error(`${key} does not settle`)
}

export const findClaim = (world: World, { domain }: Place): Promise<KubeObject | undefined> =>
  world.kube.get(resources.configMap, { namespace: world.operatorNamespace, name: claimName(domain) })
