import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import { openServer, type Session } from '../server/session.ts'
import { makeActorKeys } from './keys.ts'
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
let session: Session
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 1, cap: 2 })
  const url = new URL(community.adminUrls.directory)
  session = await openServer({
    host: url.hostname,
    port: Number(url.port),
    username: 'postgres',
    password: '',
    database: url.pathname.slice(1),
  }).connect()
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
  }
  await writeSettings(session, settings)
  const keys = await makeActorKeys()
  await addActorKeys(session, keys)
  await addActorKeys(session, await makeActorKeys())
  expect(await readDirectory(session)).toMatchObject({ settings, keys: 2 })
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

test('a directory of another community is not taken for ours', async () => {
  const { identity } = await readDirectory(session)
  if (!identity) throw new Error('no identity')
  await identifyDirectory(session, identity, true)
  await expect(identifyDirectory(session, { ...identity, domain: 'other.example' }, false)).rejects.toThrow(
    `belongs to ${identity.domain}`,
  )
})
