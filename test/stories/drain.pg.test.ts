// An instance is emptied and goes, with the operator's own reconcilers, real databases and real homes; only Kubernetes is played.
import { pino } from 'pino'
import { beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { startIntake } from '../../instance/federation/in/apply/worker.ts'
import type { Worker } from '../../instance/federation/loop.ts'
import { resolveAccount } from '../../instance/federation/resolve/account.ts'
import { startSpool } from '../../instance/federation/spool/sender.ts'
import { follow } from '../../instance/members/follow.ts'
import { writePost } from '../../instance/posts/write.ts'
import { createReconcilers } from '../../operator/apply/controllers.ts'
import { createMovers } from '../../operator/apply/moving/movers.ts'
import { createRollouts } from '../../operator/apply/waiting/rollouts.ts'
import { databaseName } from '../../operator/build/names.ts'
import { readConfig } from '../../operator/config.ts'
import { resources } from '../../operator/kube/resources.ts'
import type { KubeObject } from '../../operator/kube/types.ts'
import { databasesOf, dropDatabase } from '../../operator/postgres/make/database.ts'
import { prepare } from '../../operator/postgres/prepared.ts'
import { openServer, type Server, withSession } from '../../operator/postgres/server/session.ts'
import { conditionOf, until } from '../../operator/testing/operate.ts'
import { findClaim, type Place, playKubelet, type World } from '../../operator/testing/world.ts'
import { makeHomes } from '../kubernetes/homes.ts'
import { playCluster } from '../kubernetes/played.ts'
import { must } from '../postgres/lives.ts'
import { join, type TestMember } from '../postgres/people.ts'

const log = pino({ level: 'silent' })
const place: Place = { namespace: 'town', name: 'garden', domain: 'drain.example' }
const named = { namespace: place.namespace, name: place.name }
let server: Server
let world: World
beforeAll(async () => {
  world = await playCluster(inject('postgresPort'))
  server = openServer(world.admin)
})

async function found(spec: object) {
  const { kube } = world
  const homes = makeHomes(world)
  const now = () => Date.now() + world.skewMs
  const movers = createMovers({ now, random: () => 0, log })
  const told: string[] = []
  const workers = new Map<number, Worker[]>()
  const reconcilers = createReconcilers({
    kube,
    config: readConfig({
      HAMLET_NAMESPACE: world.operatorNamespace,
      HAMLET_INSTANCE_IMAGE: 'hamlet.example/hamlet:1',
      HAMLET_POSTGRES_HOST: world.admin.host,
      HAMLET_POSTGRES_PORT: String(world.admin.port),
    }),
    random: () => 0,
    now,
    rollouts: createRollouts(1, now),
    figures: { noteExpiry: () => undefined, noteAwaiting: () => undefined },
    movers,
    reach: homes.reach,
    log,
    events: { emit: ({ reason }) => void told.push(reason) },
    keys: { take: async () => world.keys },
    prepared: prepare(world.migrations),
    openServer,
  })
  onTestFinished(async () => {
    await movers.stop()
    await Promise.all([...workers.values()].flat().map((worker) => worker.stop()))
    const claim = await findClaim(world, place)
    const prefix = `${Object(claim?.data).prefix}`
    const names = await withSession(server, undefined, (session) => databasesOf(session, prefix))
    for (const name of names) await dropDatabase(server, name)
  })
  await kube.create({
    apiVersion: 'hamlet.coop/v1alpha1',
    kind: 'Community',
    metadata: { ...named },
    spec: { domain: place.domain, ingress: { tls: { mode: 'None' } }, ...spec },
  })
  const list = (of: (typeof resources)[keyof typeof resources]) =>
    kube.list(of, { namespace: place.namespace })
  /** Looks at everything once, while the cluster and the homes do what they do. */
  async function round(): Promise<void> {
    const signal = AbortSignal.timeout(60_000)
    const key = ({ metadata }: KubeObject) => `${place.namespace}/${metadata.name}`
    world.skewMs += 5_000
    await reconcilers.community(`${place.namespace}/${place.name}`, signal)
    for (const one of await list(resources.instance)) await reconcilers.instance(key(one), signal)
    for (const one of await list(resources.rebalance)) await reconcilers.rebalance(key(one), signal)
    await playKubelet(world, place)
    await homes.serve(place)
    for (const ordinal of homes.ordinals().filter((one) => !workers.has(one)))
      workers.set(
        ordinal,
        [startIntake, startSpool].map((start) => start(homes.at(ordinal), Math.random)),
      )
  }
  const live = <T>(what: string, look: () => Promise<T>, holds: (seen: T) => unknown) =>
    until(
      what,
      async () => {
        await round()
        return look()
      },
      holds,
      40_000,
    )
  const community = () => kube.get(resources.community, named)
  const patch = (spec: object) => kube.patch(resources.community, named, { spec })
  const rows = () =>
    homes
      .at(1)
      .directory.selectFrom('instances')
      .select(['ordinal', 'state', 'taken'])
      .orderBy('ordinal')
      .execute()
  return { homes, live, list, community, patch, rows, told }
}

test('an instance that is named is emptied and goes; everybody is where the others are, with all they had', async () => {
  const seats = { perInstance: 3, minFree: 1, maxInstances: 4, minutesBetweenInstances: 0 }
  const town = await found({ seats, rebalance: { maxMovesPerHour: 1000, retireAfterDays: 0 } })
  const { homes, live, list, patch } = town
  const free = (many: number) =>
    live(`${many} free`, town.community, (seen) => Object(seen?.status).free >= many)
  const people: TestMember[] = []
  await free(3)
  for (const handle of ['ana', 'cem', 'dot']) people.push(await join(homes.at(1), handle))
  await free(3)
  for (const handle of ['eve', 'fay']) people.push(await join(homes.at(2), handle))
  await Promise.all([1, 2].map((ordinal) => homes.at(ordinal).homes.refresh()))
  const [ana, , , eve] = people as [TestMember, TestMember, TestMember, TestMember]
  must(await writePost(homes.at(2), eve, { text: 'I am eve', visibility: 'public' }))
  must(await resolveAccount(homes.at(2), 'ana'))
  must(await follow(homes.at(2), eve, ana.id))

  await patch({ seats: { perInstance: 6 }, drain: [2] })
  const gone = await live(
    'one instance',
    () => list(resources.instance),
    (seen) => seen.length === 1,
  )
  expect(gone.map(({ metadata }) => metadata.name)).toEqual(['garden-1'])
  expect(await town.rows()).toMatchObject([
    { ordinal: 1, state: 'Active', taken: 5 },
    { ordinal: 2, state: 'Retired', taken: 0 },
  ])
  const objects = await Promise.all([resources.deployment, resources.service, resources.secret].map(list))
  expect(objects.flat().filter(({ metadata }) => metadata.name === 'garden-2')).toEqual([])
  const { db } = homes.at(1)
  const members = await db.selectFrom('members').select('id').where('state', '=', 'active').execute()
  expect(members.map(({ id }) => id).sort()).toEqual(people.map(({ id }) => id).sort())
  const posts = await db.selectFrom('posts').select('content_text').where('account_id', '=', eve.id).execute()
  expect(posts).toEqual([{ content_text: 'I am eve' }])
  const follows = await db
    .selectFrom('follows')
    .select(['followee_id', 'state'])
    .where('follower_id', '=', eve.id)
    .execute()
  expect(follows).toEqual([{ followee_id: ana.id, state: 'accepted' }])
  expect(
    await db.selectFrom('sessions').select('member_id').where('member_id', '=', eve.id).execute(),
  ).toHaveLength(1)
  const [rebalance] = await list(resources.rebalance)
  expect(rebalance?.spec).toMatchObject({ reason: 'Draining' })
  expect(town.told).toEqual(expect.arrayContaining(['Draining', 'Retired']))
  // What it had is kept, and nobody gets in.
  const { prefix } = Object((await findClaim(world, place))?.data)
  const role = await withSession(server, undefined, (session) =>
    session.query(
      'SELECT rolcanlogin FROM pg_roles JOIN pg_database ON datname = rolname WHERE rolname = $1',
      [databaseName(prefix, 2)],
    ),
  )
  expect(role).toEqual([{ rolcanlogin: false }])

  // Its ordinal is never used again, and having it in the list is no mistake.
  const settled = await live('Ready', town.community, (seen) => conditionOf(seen, 'Ready')?.status === 'True')
  expect(conditionOf(settled, 'Drained')).toMatchObject({ status: 'True' })
  people.push(await join(homes.at(1), 'gus'))
  const opened = await live('another', town.rows, (seen) =>
    seen.some(({ ordinal, state }) => ordinal > 2 && state === 'Active'),
  )
  expect(opened.map(({ ordinal }) => ordinal)).toEqual([1, 2, 3])

  // Whoever is taken out of the list in time goes on.
  await patch({ drain: [1] })
  await live('Draining', town.rows, ([first]) => first?.state === 'Draining')
  await patch({ drain: [] })
  const back = await live('Active', town.rows, ([first]) => first?.state === 'Active')
  expect(back.reduce((sum, { taken }) => sum + taken, 0)).toBeGreaterThanOrEqual(people.length)
})
