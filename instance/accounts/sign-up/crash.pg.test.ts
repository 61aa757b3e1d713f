import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import { type FaultKind, faultyDatabase, type Gate, openGate } from '../../../test/postgres/faults.ts'
import {
  homeOf,
  makeInstance,
  makeTestSiblings,
  type TestInstance,
} from '../../../test/postgres/instances.ts'
import { hashSecret } from '../../directory/secrets.ts'
import { isRefusal } from '../../refusal.ts'
import type { DirectoryTables, InstanceTables } from '../../store/database.ts'
import { settlePending } from './settle.ts'
import { newSignUpToken, type SignUpForm, signUp } from './sign-up.ts'

let community: TestCommunity
let admin: pg.Client
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 2, cap: 3, registration: 'Invite' })
  admin = new pg.Client({ connectionString: community.adminUrls.directory })
  await admin.connect()
})
afterAll(async () => {
  await admin.end()
  await community.close()
})

const INVITE = 'an invitation for one'
const form = (token: string): SignUpForm => ({
  handle: 'Ana',
  password: 'correct horse battery',
  displayName: 'Ana',
  inviteToken: INVITE,
  address: '192.0.2.1',
  token,
})

/** Everything that a sign-up left, in all three databases. */
async function state() {
  const directory = await community.directory
    .selectFrom('members')
    .select(['id', 'handle', 'home', 'state'])
    .execute()
  const homes = await Promise.all(
    [1, 2].map((ordinal) =>
      homeOf(community, ordinal).db.selectFrom('members').select(['id', 'state', 'signup_token']).execute(),
    ),
  )
  const accounts = await Promise.all(
    [1, 2].map((ordinal) => homeOf(community, ordinal).db.selectFrom('accounts').select('id').execute()),
  )
  const residents = await Promise.all(
    [1, 2].map((ordinal) =>
      homeOf(community, ordinal).db.selectFrom('home').select('residents').executeTakeFirst(),
    ),
  )
  const taken = await community.directory.selectFrom('instances').select('taken').orderBy('ordinal').execute()
  const invite = await community.directory.selectFrom('invites').select('uses_left').executeTakeFirst()
  return {
    directory,
    homes,
    accounts: accounts.map((rows) => rows.map((row) => row.id)),
    residents: residents.map((row) => row?.residents),
    taken: taken.map((row) => row.taken),
    uses: invite?.uses_left,
  }
}

async function clean() {
  // First: a home that has somebody whom the directory forgot takes it for an older one.
  for (const ordinal of [1, 2]) {
    const { db } = homeOf(community, ordinal)
    await db.deleteFrom('members').execute()
    await db.deleteFrom('accounts').execute()
  }
  await admin.query('DELETE FROM members; DELETE FROM waiting; DELETE FROM invites; DELETE FROM rate_limits')
  await admin.query('INSERT INTO invites (hash, role, uses_left) VALUES ($1, $2, 1)', [
    hashSecret(INVITE),
    'organiser',
  ])
}

/** Runs a sign-up that breaks at statement `at`; returns whether it got that far. */
async function broken(
  gate: Gate,
  at: number,
  kind: FaultKind,
  asked: number,
  token: string,
): Promise<boolean> {
  const network = makeTestSiblings()
  const directory = faultyDatabase<DirectoryTables>(community.directoryUrl, gate)
  const opened: TestInstance[] = []
  const databases = [1, 2].map((ordinal) =>
    faultyDatabase<InstanceTables>(community.homes.get(ordinal)?.url ?? '', gate),
  )
  try {
    for (const [index, db] of databases.entries()) {
      opened.push(await makeInstance({ domain: community.domain, directory, db }, index + 1, network))
    }
    gate.count = 0
    gate.at = at
    gate.kind = kind
    const instance = opened[asked - 1]?.instance
    if (!instance) throw new Error('no instance')
    await signUp(instance, form(token)).catch(() => undefined)
    return gate.count >= at
  } finally {
    gate.at = Number.POSITIVE_INFINITY
    gate.dead = true
    for (const one of opened) await one.close()
    await Promise.all([directory, ...databases].map((db) => db.destroy()))
  }
}

async function fresh(): Promise<{ instances: TestInstance[]; close(): Promise<void> }> {
  const network = makeTestSiblings()
  const instances: TestInstance[] = []
  for (const ordinal of [1, 2])
    instances.push(await makeInstance(homeOf(community, ordinal), ordinal, network))
  return {
    instances,
    close: async () => {
      for (const one of instances) await one.close()
    },
  }
}

const member = (home: number) => ({
  directory: [{ id: expect.any(String), handle: 'ana', home, state: 'active' }],
  homes: [1, 2].map((ordinal) =>
    ordinal === home ? [{ id: expect.any(String), state: 'active', signup_token: null }] : [],
  ),
  accounts: [1, 2].map((ordinal) => (ordinal === home ? [expect.any(String)] : [])),
  residents: [1, 2].map((ordinal) => (ordinal === home ? 1 : 0)),
  taken: [1, 2].map((ordinal) => (ordinal === home ? 1 : 0)),
  uses: 0,
})
const nobody = {
  directory: [],
  homes: [[], []],
  accounts: [[], []],
  residents: [0, 0],
  taken: [0, 0],
  uses: 1,
}

describe.each<FaultKind>(['crash-before', 'crash-after', 'lost-before', 'lost-after'])('%s', (kind) => {
  test.each<[string, number]>([
    ['at home', 1],
    // Nothing between two homes is decided by whether a statement was sent, only by whether it was done.
    ...(kind.endsWith('after') ? [['at a sibling', 2] satisfies [string, number]] : []),
  ])(
    'at every statement of a sign-up %s: resumed, it is one member; given up, it is nobody',
    async (_, asked) => {
      let resumed = 0
      for (let at = 1; ; at++) {
        for (const then of ['resume', 'give up'] as const) {
          await clean()
          const token = newSignUpToken()
          const reached = await broken(openGate(), at, kind, asked, token)
          const { instances, close } = await fresh()
          const [first, second] = instances
          if (!first || !second) throw new Error('no instances')
          if (!reached) {
            expect(await state()).toEqual(member(1))
            await close()
            expect(resumed).toBeGreaterThan(20)
            return
          }
          if (then === 'resume') {
            // At the other instance: whichever is asked, it is the same sign-up.
            const result = await signUp((asked === 1 ? second : first).instance, form(token))
            expect(result, `${kind} at statement ${at}`).toMatchObject({ done: { handle: 'ana', home: 1 } })
            expect(await state(), `${kind} at statement ${at}`).toEqual(member(1))
            resumed++
          } else {
            await admin.query(
              "UPDATE members SET expires_at = now() - interval '1 second' WHERE state = 'pending'",
            )
            for (const { instance } of instances) await settlePending(instance)
            const after = await state()
            const committed = after.directory.length > 0
            expect(after, `${kind} at statement ${at}`).toEqual(committed ? member(1) : nobody)
            const again = await signUp(first.instance, form(newSignUpToken()))
            if (committed) expect(again).toMatchObject({ code: 'handle-taken' })
            else expect(isRefusal(again), `${kind} at statement ${at}`).toBe(false)
          }
          await close()
        }
      }
    },
    300_000,
  )
})
