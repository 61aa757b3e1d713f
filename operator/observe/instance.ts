// All facts about one Instance, read anew.
import {
  COMMUNITY_LABEL,
  type Community,
  INSTANCE_LABEL,
  type Instance,
  parseCommunity,
} from '../api/objects.ts'
import { INSTANCE_CONNECTIONS } from '../build/connections.ts'
import { readSecret } from '../build/data/secrets.ts'
import { communitySecretName, databaseName, instanceName } from '../build/names.ts'
import { isDrained } from '../decide/instances/drained.ts'
import type { HomeFacts, InstanceSnapshot } from '../decide/snapshot.ts'
import { isForbidden } from '../kube/error.ts'
import { resources } from '../kube/resources.ts'
import type { Kube, KubeObject } from '../kube/types.ts'
import { countOwed, readHome } from '../postgres/home.ts'
import { explain } from '../postgres/server/errors.ts'
import { type Server, withSession } from '../postgres/server/session.ts'
import { drawChance, findClaim, listInstances, type ObserveDeps, settingsOf } from './community.ts'
import { observeDatabase } from './database.ts'
import { observeServer } from './server.ts'

export type SeenInstance = {
  /** All but what others may use up while this is read. */
  readonly snapshot: Omit<InstanceSnapshot, 'budget' | 'moving'>
  readonly server: Server | undefined
}

/** The Community of an Instance or a Rebalance; undefined when it is gone or cannot be worked with. */
export async function communityOf(
  {
    metadata,
    spec,
  }: {
    readonly metadata: Pick<Instance['metadata'], 'namespace'>
    readonly spec: Pick<Instance['spec'], 'community'>
  },
  kube: Pick<Kube, 'get'>,
): Promise<Community | undefined> {
  const object = await kube.get(resources.community, { namespace: metadata.namespace, name: spec.community })
  const parsed = object && parseCommunity(object)
  return parsed?.ok ? parsed.value : undefined
}

export async function observeInstance(
  instance: Instance,
  community: Community,
  deps: ObserveDeps,
): Promise<SeenInstance> {
  const { kube, config } = deps
  const { namespace } = instance.metadata
  const { ordinal } = instance.spec
  const name = instanceName(community.metadata.name, ordinal)
  const [claim, secret, communitySecret, service, deployments, instances, pods] = await Promise.all([
    findClaim(deps, community.spec.domain),
    kube.get(resources.secret, { namespace, name }),
    kube.get(resources.secret, { namespace, name: communitySecretName(community.metadata.name) }),
    kube.get(resources.service, { namespace, name }),
    kube.list(resources.deployment, {
      namespace,
      labelSelector: `${COMMUNITY_LABEL}=${community.metadata.name}`,
    }),
    listInstances(kube, namespace, community.metadata.name),
    kube.list(resources.pod, { namespace, labelSelector: `${INSTANCE_LABEL}=${name}` }),
  ])
  const deploymentOf = (wanted: string) => deployments.find(({ metadata }) => metadata.name === wanted)
  const others = instances.filter(({ spec }) => spec.ordinal !== ordinal)
  let owed: number | undefined
  const seen = await observeServer<HomeFacts>(community, deps, async (server, session) => {
    if (!claim)
      return {
        state: 'known',
        there: false,
        ready: false,
        pending: 0,
        identified: undefined,
        facts: undefined,
      }
    const database = await observeDatabase(
      { server, session, prepared: deps.prepared },
      {
        name: databaseName(claim.prefix, ordinal),
        kind: 'instance',
        url: readSecret(secret)?.['database-url'],
        connections: INSTANCE_CONNECTIONS,
      },
      readHome,
    )
    // Everybody is asked only about one that would be empty but for this.
    if (
      instance.spec.state !== 'Active' &&
      database.state === 'known' &&
      isDrained(database.facts ?? NOTHING)
    )
      owed = await owedTo(
        server,
        ordinal,
        others.map(({ spec }) => databaseName(claim.prefix, spec.ordinal)),
      )
    return database
  })
  return {
    server: seen.server,
    snapshot: {
      instance,
      community,
      settings: settingsOf(config, community),
      chance: drawChance(deps.random),
      claim,
      server: seen.facts,
      database: seen.database,
      trustsCa: config.caSecret !== undefined,
      live: {
        secret,
        communitySecret,
        service,
        // One of this name without our label is somebody else's, and is found by name only.
        deployment: deploymentOf(name) ?? (await kube.get(resources.deployment, { namespace, name })),
      },
      pods,
      warnings: await warningsOf(kube, pods),
      owed,
      siblings: others.map((sibling) => ({
        instance: sibling,
        deployment: deploymentOf(sibling.metadata.name),
      })),
    },
  }
}

const NOTHING: HomeFacts = { identity: undefined, cap: undefined, residents: undefined }

/** Undefined as soon as one of the databases gives no answer. */
async function owedTo(
  server: Server,
  ordinal: number,
  databases: readonly string[],
): Promise<number | undefined> {
  let owed = 0
  for (const name of databases) {
    try {
      owed += await withSession(server, name, (session) => countOwed(session, ordinal))
    } catch (error) {
      if (!explain(error, server.credentials)) throw error
      return undefined
    }
  }
  return owed
}

/** Only Events tell why a volume is not mounted. Asked for pending pods alone. */
async function warningsOf(kube: Pick<Kube, 'list'>, pods: readonly KubeObject[]) {
  const pending = pods.filter(({ status }) => Object(status).phase === 'Pending')
  const events = await Promise.all(
    pending.map(({ metadata }) =>
      kube
        .list(resources.coreEvent, {
          ...(metadata.namespace && { namespace: metadata.namespace }),
          fieldSelector: `involvedObject.name=${metadata.name},type=Warning`,
        })
        .catch((error: unknown) => {
          if (isForbidden(error)) return []
          throw error
        }),
    ),
  )
  return events.flat().map(({ reason, message }) => ({
    reason: typeof reason === 'string' ? reason : '',
    message: typeof message === 'string' ? message : '',
  }))
}
