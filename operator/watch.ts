// Which objects are watched, and whose key a change of each concerns. Only what carries our labels, and no Secret.
import { COMMUNITY_LABEL, INSTANCE_LABEL } from './api/objects.ts'
import type { rebalancePhases } from './api/rebalance.ts'
import type { createReconcilers } from './apply/controllers.ts'
import type { Movers } from './apply/moving/movers.ts'
import type { Rollouts } from './apply/waiting/rollouts.ts'
import { communityOfInstance } from './build/names.ts'
import type { Config } from './config.ts'
import { type Controller, type ControllerDeps, createController } from './kube/control/controller.ts'
import { createReflector, type Reflector } from './kube/control/reflector.ts'
import { keyOf, resources } from './kube/resources.ts'
import type { KubeClient, KubeObject, Resource } from './kube/types.ts'

export type Controllers = {
  /** Begins to watch; standing by, so that a new leader knows everything at once. */
  watch(): void
  /** Begins to work, once everything was listed. */
  start(): Promise<void>
  stop(): Promise<void>
  /** False when there is no such Community. */
  wake(key: string): boolean
  synced(): boolean
  /** Milliseconds since the quietest watch was last heard of. */
  age(): number
}

export type ControllersDeps = ControllerDeps & {
  readonly kube: KubeClient
  readonly config: Pick<Config, 'watch'>
  readonly reconcilers: ReturnType<typeof createReconcilers>
  readonly rollouts: Pick<Rollouts, 'saw'>
  readonly movers: Pick<Movers, 'onEnd'>
}

const labelled =
  (label: string) =>
  ({ metadata }: KubeObject): string[] => {
    const name = metadata.labels?.[label]
    return name ? [`${metadata.namespace}/${name}`] : []
  }
const ofCommunity = labelled(COMMUNITY_LABEL)
const ofInstance = labelled(INSTANCE_LABEL)
/** Rebalances that people make bear no labels of ours. */
const namedBy = ({ metadata, spec }: KubeObject): string[] => [
  `${metadata.namespace}/${Object(spec).community}`,
]

export function createControllers(deps: ControllersDeps): Controllers {
  const { config, reconcilers, rollouts, movers } = deps
  const reflectors: Reflector[] = []
  const watch = (resource: Resource, labelSelector?: string): Reflector[] => {
    const namespaces: (string | undefined)[] = config.watch ? [...config.watch] : [undefined]
    const made = namespaces.map((namespace) =>
      createReflector(
        { resource, selection: { ...(namespace && { namespace }), ...(labelSelector && { labelSelector }) } },
        deps,
      ),
    )
    reflectors.push(...made)
    return made
  }
  const communities = watch(resources.community)
  const instances = watch(resources.instance)
  const rebalances = watch(resources.rebalance)
  const deployments = watch(resources.deployment, COMMUNITY_LABEL)
  const pods = watch(resources.pod, COMMUNITY_LABEL)
  const services = watch(resources.service, COMMUNITY_LABEL)
  const ingresses = watch(resources.ingress, COMMUNITY_LABEL)
  const sources = (from: readonly Reflector[], keys?: (object: KubeObject) => readonly string[]) =>
    from.map((reflector) => ({ reflector, ...(keys && { keys }) }))

  const among = (reflected: readonly Reflector[], namespace: string | undefined, name: string): string[] =>
    reflected
      .flatMap(({ store }) => store.list())
      .filter(
        ({ metadata }) => metadata.namespace === namespace && metadata.labels?.[COMMUNITY_LABEL] === name,
      )
      .map(keyOf)
  const instancesOf = ({ metadata }: KubeObject): string[] =>
    among(instances, metadata.namespace, metadata.name)
  const rebalancesBut =
    (...phases: readonly (typeof rebalancePhases)[number][]) =>
    (community: string): string[] =>
      rebalances
        .flatMap(({ store }) => store.list())
        .filter((one) => namedBy(one).includes(community) && !phases.includes(Object(one.status).phase))
        .map(keyOf)
  /** Those that are over are left alone. */
  const rebalancesAt = rebalancesBut('Done')
  const workedOnAt = rebalancesBut('Done', 'Waiting')
  const rebalancesOf = (object: KubeObject): string[] => rebalancesAt(keyOf(object))
  /**
   * The next one begins when the one that is worked on is over, or goes, or nobody approves it any more. Whichever takes
   * itself for that one hears of all others: one of them may have passed it by.
   */
  const rebalancesAfter = (one: KubeObject): string[] => {
    const there = rebalances.some(({ store }) => store.get(keyOf(one)) !== undefined)
    const over = Object(one.status).phase === 'Done' || one.metadata.deletionTimestamp !== undefined
    const yields = over || !there || Object(one.spec).approved !== true
    return namedBy(one).flatMap(yields ? rebalancesAt : workedOnAt)
  }
  const rebalancesBeside = (object: KubeObject): string[] => ofCommunity(object).flatMap(rebalancesAt)

  const community = createController(
    {
      name: 'community',
      sources: [
        ...sources(communities),
        ...sources(instances, ofCommunity),
        ...sources(rebalances, namedBy),
        ...sources(services, ofCommunity),
        ...sources(ingresses, ofCommunity),
        // A deletion waits for the last pod.
        ...sources(pods, (pod) => (leaving(pod, communities) ? ofCommunity(pod) : [])),
      ],
      reconcile: reconcilers.community,
    },
    deps,
  )
  const instance = createController(
    {
      name: 'instance',
      sources: [
        ...sources(instances),
        ...sources(communities, instancesOf),
        ...sources(deployments, ofInstance),
        ...sources(services, ofInstance),
        ...sources(pods, ofInstance),
      ],
      reconcile: reconcilers.instance,
    },
    deps,
  )
  const rebalance = createController(
    {
      name: 'rebalance',
      sources: [
        ...sources(rebalances, (one) => [keyOf(one), ...rebalancesAfter(one)]),
        ...sources(communities, rebalancesOf),
        ...sources(instances, rebalancesBeside),
      ],
      reconcile: reconcilers.rebalance,
    },
    deps,
  )
  movers.onEnd(({ key, instances: between }) => {
    rebalance.enqueue(key)
    // It may be gone, or have been passed by: the one that ends its moves now waits for this.
    for (const community of new Set(between.map(communityOfInstance)))
      rebalancesAt(community).forEach(rebalance.enqueue)
    // Their pods may wait for it.
    between.forEach(instance.enqueue)
  })
  // Whoever waits for pods of others to be replaced is looked at when they were.
  for (const reflector of deployments)
    reflector.onChange((change) => rollouts.saw(change).forEach(instance.enqueue))
  const all: Controller[] = [community, instance, rebalance]
  let synced = false
  return {
    watch() {
      for (const reflector of reflectors) reflector.start()
      // A namespace that is gone holds up nobody else's; with no rights anywhere there is nothing to work on.
      const somewhere = Promise.any(communities.map((reflector) => reflector.synced))
      void Promise.all([somewhere, ...reflectors.map((reflector) => reflector.answered)]).then(() => {
        synced = true
      })
    },
    start: async () => void (await Promise.all(all.map((one) => one.start()))),
    async stop() {
      await Promise.all(all.map((one) => one.stop()))
      await Promise.all(reflectors.map((reflector) => reflector.stop()))
    },
    wake(key) {
      if (!communities.some(({ store }) => store.get(key))) return false
      community.enqueue(key)
      return true
    },
    synced: () => synced,
    age: () => Math.max(...reflectors.map((reflector) => reflector.age())),
  }
}

function leaving(pod: KubeObject, communities: readonly Reflector[]): boolean {
  const [key] = ofCommunity(pod)
  return communities.some(
    ({ store }) => key !== undefined && store.get(key)?.metadata.deletionTimestamp !== undefined,
  )
}
