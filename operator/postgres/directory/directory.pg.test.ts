import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { changeDirectory } from '../../../instance/directory/change.ts'
import { noteRebalance, readDaysOfMoves } from '../../../instance/directory/moves/rebalances.ts'
import { readWishes } from '../../../instance/directory/wishes/read.ts'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import { openServer, type Server, type Session } from '../server/session.ts'
import { makeActorKeys } from './keys.ts'
import { directoryOf } from './kysely.ts'
import { readDirectory } from './read.ts'
import {
  activateInstance,
  addActorKeys,
  addInstance,
  identifyDirectory,
  inviteOrganiser,
  setInstance,
  writeSettings,
} from './write.ts'

let community: TestCommunity
let server: Server
let session: Session
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 1, cap: 2 })
  const url = new URL(community.adminUrls.directory)
  server = openServer({
    host: url.hostname,
    port: Number(url.port),
    username: 'postgres',
    password: '',
    database: url.pathname.slice(1),
  })
  session = await server.connect()
})
afterAll(async () => {
  await session.end()
  await community.close()
})

const revision = async () => {
  const [row] = await session.query<{ revision: string }>('SELECT revision FROM meta')
  return Number(row?.revision)
}

test('instances are added, opened and resized; each change has a revision of its own', async () => {
  const before = await revision()
  await addInstance(session, { ordinal: 2, cap: 3, address: 'http://two' })
  await addInstance(session, { ordinal: 2, cap: 9, address: 'http://other' })
  await activateInstance(session, 2)
  await setInstance(session, { ordinal: 1, cap: 1, address: 'http://one' })
  const facts = await readDirectory(session)
  expect(facts.instances).toMatchObject([
    { ordinal: 1, cap: 1, taken: 0, state: 'Active', address: 'http://one' },
    { ordinal: 2, cap: 3, taken: 0, state: 'Active', address: 'http://two' },
  ])
  expect(facts).toMatchObject({ members: 0, waiting: 0, organisers: 0, invitations: [], keys: 0 })
  expect(await revision()).toBe(before + 4)
})

test('settings and keys are kept', async () => {
  const settings = {
    title: 'Garden',
    description: 'Ours',
    registration: 'Invite',
    per_instance: 5,
    sign_ups_per_hour: 1,
    log_ins_per_hour: 2,
    posts_per_hour: 3,
    max_instances: 4,
    keep_seats: true,
    proposed_moves: 12,
    proposed_reason: 'Overflow',
  }
  await writeSettings(session, settings)
  const decided = { ...settings, proposed_moves: null, proposed_reason: null }
  expect(await readDirectory(session)).toMatchObject({ settings })
  await writeSettings(session, decided)
  const keys = await makeActorKeys()
  await addActorKeys(session, keys)
  await addActorKeys(session, await makeActorKeys())
  expect(await readDirectory(session)).toMatchObject({ settings: decided, keys: 2 })
  const [row] = await session.query('SELECT public_jwk, algorithm FROM actor_keys WHERE position = 0')
  expect(row).toEqual({ public_jwk: keys[0]?.publicJwk, algorithm: 'RSASSA-PKCS1-v1_5' })
})

test('the organiser is invited once, and not when there is one', async () => {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex')
  await inviteOrganiser(session, hash('one'))
  await inviteOrganiser(session, hash('one'))
  expect((await readDirectory(session)).invitations).toEqual([{ hash: hash('one'), usesLeft: 1 }])
  await session.query(
    "INSERT INTO members (id, handle, home, state, role) VALUES (1, 'ana', 1, 'active', 'organiser')",
  )
  await inviteOrganiser(session, hash('two'))
  expect(await readDirectory(session)).toMatchObject({
    invitations: [{ hash: hash('one'), usesLeft: 1 }],
    organisers: 1,
    members: 1,
  })
})

test('wishes are read, and what moves are for is written, over a connection of the operator', async () => {
  await session.query(
    `INSERT INTO members (id, handle, home, state) VALUES (9007199254740993, 'ben', 2, 'active')`,
  )
  await session.query('INSERT INTO wishes (member_id, pinned) VALUES (9007199254740993, true)')
  await session.query('INSERT INTO together VALUES (1, 9007199254740993), (9007199254740993, 1)')
  const directory = directoryOf(server, new URL(community.adminUrls.directory).pathname.slice(1))
  const note = { id: 'uid', reason: 'Overflow', keptBefore: 60, keptAfter: 70 } as const
  await changeDirectory(directory, async (tx) => {
    await noteRebalance(tx, { ...note, keptBefore: 50, keptAfter: 60 })
    await noteRebalance(tx, note)
    await tx
      .insertInto('moves')
      .values({
        id: '5',
        member_id: '9007199254740993',
        source: 1,
        target: 2,
        epoch: 1,
        step: 'done',
        rebalance: 'uid',
      })
      .execute()
    return true
  })
  const wishes = await readWishes(directory)
  expect(wishes.get('1')).toEqual({
    pinned: true,
    wantsMove: false,
    together: ['9007199254740993'],
    lastMovedAt: null,
  })
  expect(wishes.get('9007199254740993')).toEqual({
    pinned: true,
    wantsMove: false,
    together: ['1'],
    lastMovedAt: expect.any(Number),
  })
  expect(await readDaysOfMoves(directory, 1)).toMatchObject([
    {
      reason: 'Overflow',
      keptBefore: 50,
      keptAfter: 70,
      ways: [{ source: 1, target: 2, moved: 1 }],
      undone: 0,
    },
  ])
})

test('a directory of another community is not taken for ours', async () => {
  const { identity } = await readDirectory(session)
  if (!identity) throw new Error('no identity')
  await identifyDirectory(session, identity, true)
  await expect(identifyDirectory(session, { ...identity, domain: 'other.example' }, false)).rejects.toThrow(
    `belongs to ${identity.domain}`,
  )
})

test('wishes count when they are a day old, of people who were not moved for a month', async () => {
  const wishing = async () => (await readDirectory(session)).wishing
  const sql = (text: string) => session.query(text)
  await sql('UPDATE instances SET cap = 9')
  await sql(`INSERT INTO members (id, handle, home, state) VALUES
    (51, 'w1', 1, 'active'), (52, 'w2', 1, 'active'), (53, 'w3', 2, 'active'), (54, 'w4', 1, 'active')`)
  await sql(
    `INSERT INTO wishes (member_id, wants_move, changed_at) VALUES (51, true, now() - interval '23 hours')`,
  )
  expect(await wishing()).toBe(0)
  await sql(`UPDATE wishes SET changed_at = now() - interval '25 hours'`)
  expect(await wishing()).toBe(1)
  await sql(`INSERT INTO moves (id, member_id, source, target, epoch, step, created_at, changed_at)
    VALUES (1, 51, 2, 1, 1, 'done', now() - interval '29 days', now() - interval '29 days')`)
  expect(await wishing()).toBe(0)
  await sql(
    `UPDATE moves SET created_at = now() - interval '31 days', changed_at = now() - interval '31 days'`,
  )
  expect(await wishing()).toBe(1)
  await sql('DELETE FROM wishes')
  // Who name each other and live apart, unless both wish to stay.
  await sql(
    `INSERT INTO wishes (member_id, pinned, changed_at) SELECT id, false, now() - interval '2 days' FROM members WHERE id > 50`,
  )
  await sql('INSERT INTO together (member_id, with_id) VALUES (52, 53), (52, 54), (54, 52)')
  expect(await wishing()).toBe(0)
  await sql('INSERT INTO together (member_id, with_id) VALUES (53, 52)')
  expect(await wishing()).toBe(2)
  await sql('UPDATE wishes SET pinned = true WHERE member_id IN (52, 53)')
  expect(await wishing()).toBe(0)
})
