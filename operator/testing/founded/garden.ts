// A Community of one instance on a played cluster and a real PostgreSQL, whose instances are emptied one after the other.
import { inject } from 'vitest'
import { playCluster } from '../../../test/kubernetes/played.ts'
import { readClaim } from '../../build/data/claim.ts'
import { directoryName } from '../../build/names.ts'
import { resources } from '../../kube/resources.ts'
import { databasesOf, dropDatabase } from '../../postgres/make/database.ts'
import { openServer, type Server, withSession } from '../../postgres/server/session.ts'
import { createFaults, type Faults } from '../faults.ts'
import { findClaim, type Place, settle, type World } from '../world.ts'

export type Garden = {
  readonly world: World
  readonly server: Server
  /** Of its databases. */
  readonly prefix: string
  readonly named: { readonly namespace: string; readonly name: string }
  /** Looks at everything until nothing is left to do; the faults that came to pass. */
  settle(faults?: Faults): Promise<Faults>
  /** Two people live at the first instance: it is full, and another one is opened once somebody looks. */
  fill(): Promise<unknown>
  /** Names these in spec.drain, and no others. */
  drain(ordinals: readonly number[]): Promise<unknown>
  /** Of all objects of a kind, in order. */
  names(of: (typeof resources)[keyof typeof resources]): Promise<string[]>
  /** As the superuser. */
  directory<Row extends Record<string, unknown>>(sql: string): Promise<Row[]>
  databases(): Promise<string[]>
  /** Drops what is left of its databases. */
  leave(): Promise<void>
}

/** `broken`: Deployments whose pods never serve; more may be added later. */
export async function foundGarden(
  domain: string,
  spec: { readonly seats?: object; readonly rebalance?: object } = {},
  broken: ReadonlySet<string> = new Set(),
): Promise<Garden> {
  const place: Place = { namespace: 'town', name: 'garden', domain }
  const named = { namespace: place.namespace, name: place.name }
  const world = { ...(await playCluster(inject('postgresPort'))), broken }
  const server = openServer(world.admin)
  await world.kube.create({
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Community',
    metadata: { ...named },
    spec: {
      domain,
      ingress: { tls: { mode: 'None' } },
      deletionPolicy: 'Delete',
      ...spec,
      seats: { perInstance: 2, minFree: 1, minutesBetweenInstances: 0, ...spec.seats },
    },
  })
  await settle(world, place, createFaults())
  const claim = await findClaim(world, place)
  const prefix = claim ? readClaim(claim).prefix : ''
  const directory = <Row extends Record<string, unknown>>(sql: string) =>
    withSession(server, directoryName(prefix), (session) => session.query<Row>(sql))
  const databases = () => withSession(server, undefined, (session) => databasesOf(session, prefix))
  return {
    world,
    server,
    prefix,
    named,
    settle: (faults = createFaults()) => settle(world, place, faults),
    fill: () =>
      directory(
        "INSERT INTO members (id, handle, home, state, role) VALUES (1, 'a', 1, 'active', 'organiser'), (2, 'b', 1, 'active', 'member')",
      ),
    drain: (ordinals) => world.kube.patch(resources.community, named, { spec: { drain: ordinals } }),
    names: async (of) =>
      (await world.kube.list(of, { namespace: place.namespace })).map(({ metadata }) => metadata.name).sort(),
    directory,
    databases,
    async leave() {
      for (const name of await databases()) await dropDatabase(server, name)
    },
  }
}
