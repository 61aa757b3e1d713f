// What is there of a community, without what is random or a matter of time: two histories that end alike look alike.
import { directoryConnections, INSTANCE_CONNECTIONS } from '../build/connections.ts'
import { readClaim } from '../build/data/claim.ts'
import { readSecret } from '../build/data/secrets.ts'
import { passwordOf } from '../build/database-url.ts'
import { resources } from '../kube/resources.ts'
import type { KubeObject } from '../kube/types.ts'
import { readDirectory } from '../postgres/directory/read.ts'
import { readHome } from '../postgres/home.ts'
import { databasesOf, inspectDatabase } from '../postgres/make/database.ts'
import { openServer, withSession } from '../postgres/server/session.ts'
import { findClaim, type Place, type World } from './world.ts'

const KINDS = [
  resources.community,
  resources.instance,
  resources.rebalance,
  resources.deployment,
  resources.service,
  resources.ingress,
  resources.networkPolicy,
  resources.secret,
]

export async function fingerprint(world: World, place: Place): Promise<unknown> {
  const { kube } = world
  const objects = (
    await Promise.all(KINDS.map((kind) => kube.list(kind, { namespace: place.namespace })))
  ).flat()
  const claimObject = await findClaim(world, place)
  const claim = claimObject && readClaim(claimObject)
  const uid = objects.find(({ kind }) => kind === 'Community')?.metadata.uid ?? ''
  const plain = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value ?? null)
        .replaceAll(uid || '\0', '<uid>')
        .replaceAll(claim?.prefix ?? '\0', '<prefix>')
        .replaceAll(place.domain, '<domain>')
        .replaceAll(place.namespace, '<namespace>')
        .replace(/"hamlet.coop\/secrets":"[0-9a-f]{16}"/g, '"hamlet.coop/secrets":"<hash>"'),
    )
  return plain({
    objects: objects.map(shape).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    claim: claim && {
      nextOrdinal: claim.nextOrdinal,
      made: [...claim.made].sort(),
      system: claim.systemIdentifier !== '',
    },
    databases: claim ? await databases(world, claim.prefix, objects) : [],
  })
}

function shape(object: KubeObject): object {
  const { kind, metadata, spec, status, type } = object
  const { clusterIP: _a, clusterIPs: _b, ...rest } = Object(spec) as Record<string, unknown>
  return {
    kind,
    type,
    name: metadata.name,
    labels: metadata.labels,
    annotations: metadata.annotations,
    finalizers: metadata.finalizers,
    owners: metadata.ownerReferences,
    spec: rest,
    data: Object.keys(Object(object.data)).sort(),
    status: {
      ...Object(status),
      loadBalancer: undefined,
      observedGeneration: undefined,
      conditions: (Object(status).conditions ?? []).map((one: Record<string, unknown>) => [
        one.type,
        one.status,
        one.reason,
        one.message,
      ]),
    },
  }
}

/** Databases and roles, whether they are as they should be, and the rows that the operator writes. */
async function databases(world: World, prefix: string, objects: readonly KubeObject[]): Promise<unknown[]> {
  const server = openServer(world.admin)
  const passwords = objects
    .filter(({ kind }) => kind === 'Secret')
    .flatMap((secret) => Object.values(readSecret(secret) ?? {}))
  const names = await withSession(server, undefined, (session) => databasesOf(session, prefix))
  return Promise.all(
    names.map(async (name) => {
      const kind = name.endsWith('_directory') ? 'directory' : 'instance'
      const url = passwords.find((text) => text.startsWith('postgres://') && text.includes(`/${name}`))
      const facts = await withSession(server, undefined, (session) =>
        inspectDatabase(session, {
          name,
          kind,
          password: passwordOf(url) ?? '',
          // Instances at most: 3 unless the test says otherwise.
          connections: kind === 'directory' ? directoryConnections(3) : INSTANCE_CONNECTIONS,
        }),
      )
      if (!facts.there) return { name, facts }
      return withSession(server, name, async (session) => {
        if (kind === 'instance') return { name, facts, home: await readHome(session) }
        const { invitations, instances, ...directory } = await readDirectory(session)
        return {
          name,
          facts,
          directory,
          // An invitation whose Secret was lost before anybody read it works on beside its successor.
          invited: invitations.length > 0,
          instances: instances.map(({ createdAt: _c, stateSince: _s, movedAt: _m, ...row }) => row),
        }
      })
    }),
  )
}
