import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { faultyDatabase, type Gate, openGate } from '../../test/postgres/faults.ts'
import { homeOf, makeInstance, type TestInstance } from '../../test/postgres/instances.ts'
import { join, stranger, type TestMember } from '../../test/postgres/people.ts'
import { openInternet } from '../../test/world/internet.ts'
import type { InstanceTables } from '../store/database.ts'
import { likeActivity } from './documents/activities.ts'
import { createEgress } from './egress/egress.ts'
import { TAKEN_TOO_OFTEN, whileHeld } from './held.ts'
import { lease, startIntake } from './in/apply/worker.ts'
import type { Worker } from './loop.ts'
import { leaseDeliveries } from './out/lease.ts'
import { queueActivity } from './out/queue.ts'
import { startDeliveries } from './out/worker.ts'

const ZOE = 'https://one.example/users/zoe'
let community: TestCommunity
let ana: TestMember
let zoe: string
/** Two processes of one home. The first takes the work and dies. */
let first: TestInstance
let second: TestInstance
let gate: Gate
let worker: Worker | undefined
/** Lets what the intake waits for come. */
let letGo = () => {}
/** A server that takes requests and answers none. */
let mute: Server
/** Requests that wait for its answer. */
let waiting = 0
const { random } = Math

beforeAll(async () => {
  const internet = await openInternet()
  mute = createServer(await internet.certificate('one.example'), (_request, response) => {
    waiting++
    response.on('close', () => waiting--)
  })
  await once(mute.listen(0, '127.0.0.1'), 'listening')
  community = await makeCommunity(inject('postgresPort'))
  second = await makeInstance(homeOf(community, 1), 1)
  ana = await join(second.instance, 'ana')
  zoe = await stranger(second.instance, 'zoe', 'one.example')
})
beforeEach(async () => {
  gate = openGate()
  const egress = createEgress({
    userAgent: 'test',
    allow: ['127.0.0.0/8'],
    hosts: new Map([['one.example', `127.0.0.1:${(mute.address() as AddressInfo).port}`]]),
    timeoutMs: 50_000,
  })
  const db = faultyDatabase<InstanceTables>(community.homes.get(1)?.url ?? '', gate)
  first = await makeInstance({ ...homeOf(community, 1), db }, 1, undefined, { egress })
})
afterEach(async () => {
  letGo()
  await worker?.stop()
  await first.close()
  await first.instance.db.destroy()
  for (const table of ['outbox', 'deliveries', 'hosts', 'intake'] as const)
    await second.instance.db.deleteFrom(table).execute()
})
afterAll(async () => {
  mute.close()
  await second.close()
  await community.close()
})

type Table = 'deliveries' | 'intake'
type Taken = { readonly attempts: number; readonly unended: boolean }
const row = async (table: Table) =>
  second.instance.db
    .selectFrom(table)
    .select([
      'lease',
      'attempts',
      'leased_until',
      'last_error',
      'dead_at',
      sql<boolean>`leased_until > now()`.as('held'),
      sql<Date>`now()`.as('now'),
    ])
    .executeTakeFirstOrThrow()

/** As if so much time had passed. */
const pass = async (table: Table, seconds: number) =>
  second.instance.db
    .updateTable(table)
    .set({ leased_until: sql<Date>`leased_until - ${seconds} * interval '1 second'` })
    .execute()

/** The kinds of work that are leased, each taken in hand by the first process and not to be ended by it. */
const DELIVERIES = {
  table: 'deliveries' as Table,
  /** Waits for an answer of the mute server. */
  begin: async (leaseS?: number) => {
    await DELIVERIES.add('like')
    worker = DELIVERIES.start(first, leaseS)
    await expect.poll(() => waiting).toBe(1)
  },
  add: async (name: string) => {
    await second.instance.db.transaction().execute((tx) =>
      queueActivity(tx, second.instance, {
        memberId: ana.id,
        activity: likeActivity({
          id: `https://garden.example/${name}`,
          actor: 'https://garden.example/users/ana',
          object: 'https://one.example/1',
          to: ZOE,
        }),
        orderingKey: name,
        recipients: { accounts: [zoe] },
      }),
    )
  },
  start: ({ instance }: TestInstance, leaseS?: number) =>
    startDeliveries(instance, { random, ...(leaseS !== undefined && { leaseS }) }),
  take: (): Promise<Taken[]> => leaseDeliveries(second.instance.db, { most: 9 }),
}
const INTAKE = {
  table: 'intake' as Table,
  /** Waits for its actor's turn. */
  begin: async (leaseS?: number) => {
    const { db } = second.instance
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    await new Promise<void>((locked, failed) => {
      db.transaction()
        .execute(async (tx) => {
          await sql`SELECT pg_advisory_xact_lock(1, hashtext(${ZOE}))`.execute(tx)
          locked()
          await held
        })
        .catch(failed)
    })
    await INTAKE.add('flag')
    worker = INTAKE.start(first, leaseS)
    await expect.poll(async () => (await row('intake')).held).toBe(true)
  },
  add: async (name: string) => {
    const flag = { id: `https://one.example/${name}`, type: 'Flag', actor: ZOE, object: 'x:y' }
    await second.instance.db
      .insertInto('intake')
      .values({ activity_uri: flag.id, actor_uri: ZOE, body: JSON.stringify(flag) })
      .execute()
  },
  start: ({ instance }: TestInstance, leaseS?: number) => startIntake(instance, random, leaseS),
  take: (): Promise<Taken[]> => lease(second.instance, 9),
}
const KINDS = [DELIVERIES, INTAKE]

test.each(KINDS)('$table: what a process had in hand when it was killed is free 15 s later', async (kind) => {
  await kind.begin()
  expect(await kind.take()).toEqual([])
  gate.dead = true
  await pass(kind.table, 15)
  expect(await kind.take()).toMatchObject([{ attempts: 2 }])
})

test.each(KINDS)('$table: what takes longer than a lease stays with whoever is at it', async (kind) => {
  await kind.begin(3)
  const before = await row(kind.table)
  await expect
    .poll(async () => (await row(kind.table)).now > (before.leased_until ?? 0), { timeout: 20_000 })
    .toBe(true)
  expect(await row(kind.table)).toMatchObject({ held: true, lease: before.lease, attempts: 1 })
  expect(await kind.take()).toEqual([])
})

test('whoever cannot renew a lease sends nothing under it any more, and the next one does', async () => {
  await DELIVERIES.begin(2)
  gate.dead = true
  await expect.poll(() => waiting, { timeout: 20_000 }).toBe(0)
  await expect.poll(DELIVERIES.take, { timeout: 20_000 }).toMatchObject([{ attempts: 2 }])
})

test('what has ended is not taken up again, and what is quick costs no statement', async () => {
  await DELIVERIES.begin()
  await worker?.stop()
  const rows = await leaseDeliveries(second.instance.db, { most: 1, leaseS: 0 })
  expect(rows).toHaveLength(1)
  const held = { table: 'deliveries', rows, since: performance.now(), leaseS: 1 } as const
  await whileHeld(second.instance, held, (lost) => once(lost, 'abort'))
  expect(await row('deliveries')).toMatchObject({ held: false })
  const before = gate.count
  expect(await whileHeld(first.instance, held, async () => gate.count)).toBe(before)
  expect(gate.count).toBe(before)
})

test.each(KINDS)('$table: what ends every process that takes it comes round ever later', async (kind) => {
  await kind.begin()
  gate.dead = true
  for (const [index, wait] of [15, 30, 60, 120, 240, 480, 960, 1920, 3840, 7215, 7215].entries()) {
    await pass(kind.table, wait / 2)
    expect([wait, await kind.take()]).toEqual([wait, []])
    await pass(kind.table, wait / 2)
    expect([wait, await kind.take()]).toMatchObject([wait, [{ attempts: index + 2 }]])
  }
})

test.each(KINDS)('$table: what ended its process is taken alone, and holds nothing else up', async (kind) => {
  await kind.begin()
  gate.dead = true
  await pass(kind.table, 15)
  for (const name of ['b', 'c']) await kind.add(name)
  expect(await kind.take()).toMatchObject([{ attempts: 2, unended: true }])
  const others = { attempts: 1, unended: false }
  expect(await kind.take()).toMatchObject([others, others])
})

test.each(KINDS)('$table: what ended forty processes is put aside, and not tried again', async (kind) => {
  await kind.begin()
  gate.dead = true
  letGo()
  await worker?.stop()
  await second.instance.db.updateTable(kind.table).set({ attempts: 40 }).execute()
  await pass(kind.table, 9000)
  worker = kind.start(second)
  await expect.poll(async () => (await row(kind.table)).dead_at).not.toBeNull()
  expect(await row(kind.table)).toMatchObject({ attempts: 41, last_error: TAKEN_TOO_OFTEN })
})
