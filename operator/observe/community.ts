// All facts about one Community, read anew: nothing is remembered from one look to the next.
import { randomBytes } from 'node:crypto'
import { isRegression } from '../../instance/directory/regression.ts'
import {
  COMMUNITY_LABEL,
  type Community,
  type Instance,
  parseInstance,
  parseRebalance,
  type Rebalance,
} from '../api/objects.ts'
import { directoryConnections } from '../build/connections.ts'
import { type Claim, claimName, readClaim } from '../build/data/claim.ts'
import { readSecret } from '../build/data/secrets.ts'
import { certificateSecret } from '../build/front/ingress.ts'
import { certificateName, communitySecretName, directoryName, invitationName } from '../build/names.ts'
import type { Config } from '../config.ts'
import type {
  Chance,
  CommunitySnapshot,
  DatabaseState,
  DirectoryFacts,
  Settings,
} from '../decide/snapshot.ts'
import { isForbidden } from '../kube/error.ts'
import { resources } from '../kube/resources.ts'
import type { Kube, KubeObject } from '../kube/types.ts'
import { readDirectory } from '../postgres/directory/read.ts'
import { databasesOf } from '../postgres/make/database.ts'
import type { Server } from '../postgres/server/session.ts'
import { readCa, readLeaf } from './certificate.ts'
import { observeDatabase } from './database.ts'
import { askHomes, type SeenByHomes } from './homes.ts'
import { findRemains } from './remains.ts'
import { observeServer, type ServerDeps } from './server.ts'

export type ObserveDeps = ServerDeps & {
  readonly kube: Pick<Kube, 'get' | 'list'>
  readonly config: Config
  readonly random: () => number
}

export type SeenCommunity = {
  readonly snapshot: CommunitySnapshot
  /** For the steps: the server, and the CA with its key. */
  readonly server: Server | undefined
  readonly ca: { readonly certificate: string; readonly key: string } | undefined
}

export const settingsOf = (config: Config, { metadata }: Community): Settings => ({
  namespace: config.namespace,
  image: config.image,
  pullPolicy: config.pullPolicy,
  // Instances know fewer levels.
  logLevel: { trace: 'debug', fatal: 'error' }[config.logLevel] ?? config.logLevel,
  ingressClass: config.ingressClass,
  egressAllow: config.egressAllow,
  egressHosts: config.egressHosts,
  wakeUrl: config.wakeUrl && `${config.wakeUrl}/${metadata.namespace}/${metadata.name}`,
})

export const drawChance = (random: () => number): Chance => ({
  prefix: randomBytes(6).toString('hex'),
  password: randomBytes(24).toString('base64url'),
  internalKey: randomBytes(32).toString('base64url'),
  token: randomBytes(24).toString('base64url'),
  jitter: random(),
})

export async function findClaim(
  { kube, config }: { kube: Pick<Kube, 'get'>; config: Pick<Config, 'namespace'> },
  domain: string,
): Promise<Claim | undefined> {
  const object = await kube.get(resources.configMap, { namespace: config.namespace, name: claimName(domain) })
  return object && readClaim(object)
}

export async function observeCommunity(community: Community, deps: ObserveDeps): Promise<SeenCommunity> {
  const { kube, config } = deps
  const { metadata, spec } = community
  const { namespace, name } = metadata
  const { tls, className } = spec.ingress
  const secretOf = (secret: string) => kube.get(resources.secret, { namespace, name: secret })
  const certificateIn = certificateSecret(name, tls)
  const [
    claim,
    instances,
    rebalanceObjects,
    secret,
    invitation,
    certificate,
    service,
    ingress,
    networkPolicy,
    caSecret,
    ingressClassThere,
  ] = await Promise.all([
    findClaim(deps, spec.domain),
    listInstances(kube, namespace, name),
    kube.list(resources.rebalance, { namespace }),
    secretOf(communitySecretName(name)),
    secretOf(invitationName(name)),
    secretOf(tls.mode === 'CA' ? certificateName(name) : (certificateIn ?? certificateName(name))),
    kube.get(resources.service, { namespace, name }),
    kube.get(resources.ingress, { namespace, name }),
    kube.get(resources.networkPolicy, { namespace, name }),
    config.caSecret
      ? kube.get(resources.secret, { namespace: config.namespace, name: config.caSecret })
      : undefined,
    ingressClass(kube, className ?? config.ingressClass),
  ])
  const caData = readSecret(caSecret)
  const ca =
    caData?.['tls.crt'] && caData['tls.key']
      ? { certificate: caData['tls.crt'], key: caData['tls.key'] }
      : undefined
  let databases = 0
  let homes: SeenByHomes | undefined
  const seen = await observeServer<DirectoryFacts>(community, deps, async (server, session) => {
    // A kill may have left a database that no claim speaks of only before the claim: then there is none.
    if (!claim) return nothing
    if (metadata.deletionTimestamp) {
      databases = (await databasesOf(session, claim.prefix)).length
      return nothing
    }
    // First: a change of the directory in between would look as if it had gone back.
    homes = await askHomes(server, claim)
    return observeDatabase(
      { server, session, prepared: deps.prepared },
      {
        name: directoryName(claim.prefix),
        kind: 'directory',
        url: readSecret(secret)?.['directory-url'],
        connections: directoryConnections(spec.seats.maxInstances),
      },
      readDirectory,
    )
  })
  const facts = seen.database.state === 'known' ? seen.database.facts : undefined
  const remains = metadata.deletionTimestamp
    ? await findRemains(kube, community, claim, instances)
    : { objects: [], pods: 0 }
  return {
    server: seen.server,
    ca,
    snapshot: {
      community,
      settings: settingsOf(config, community),
      chance: drawChance(deps.random),
      claim,
      server: seen.facts,
      directory: seen.database,
      regression: {
        regressed:
          facts !== undefined &&
          homes?.newest !== undefined &&
          isRegression(homes.newest, {
            incarnation: facts.incarnation,
            revision: BigInt(facts.revision),
          }),
        silent: homes?.silent ?? [],
      },
      instances,
      rebalances: rebalancesOf(rebalanceObjects, name),
      rebalanceNames: rebalanceObjects.map(({ metadata }) => metadata.name),
      ca: ca?.certificate,
      caFacts: config.caSecret ? readCa(config.caSecret, caData) : undefined,
      leaf: readLeaf(readSecret(certificate)?.['tls.crt'], ca?.certificate),
      certificateThere: certificate !== undefined,
      live: { secret, invitation, certificate, service, ingress, networkPolicy },
      remains: { ...remains, databases },
      ingressClassThere,
    },
  }
}

const nothing: DatabaseState<DirectoryFacts> = {
  state: 'known',
  there: false,
  ready: false,
  pending: 0,
  identified: undefined,
  facts: undefined,
}

export async function listInstances(
  kube: Pick<Kube, 'list'>,
  namespace: string,
  community: string,
): Promise<Instance[]> {
  const objects = await kube.list(resources.instance, {
    namespace,
    labelSelector: `${COMMUNITY_LABEL}=${community}`,
  })
  return objects
    .flatMap((object) => {
      const parsed = parseInstance(object)
      return parsed.ok && !object.metadata.deletionTimestamp ? [parsed.value] : []
    })
    .sort((a, b) => a.spec.ordinal - b.spec.ordinal)
}

/** Of all in a namespace, those of a community: by what they say, for those that people made bear no labels of ours. */
export const rebalancesOf = (objects: readonly KubeObject[], community: string): Rebalance[] =>
  objects.flatMap((object) => {
    const parsed = parseRebalance(object)
    if (!parsed.ok || object.metadata.deletionTimestamp) return []
    return parsed.value.spec.community === community ? [parsed.value] : []
  })

/** Undefined when none is named, or when we may not look: classes belong to the cluster. */
async function ingressClass(kube: Pick<Kube, 'get'>, name: string): Promise<boolean | undefined> {
  if (!name) return undefined
  try {
    return (await kube.get(resources.ingressClass, { name })) !== undefined
  } catch (error) {
    if (isForbidden(error)) return undefined
    throw error
  }
}
