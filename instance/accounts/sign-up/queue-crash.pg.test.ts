import pg from 'pg'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import { type FaultKind, faultyDatabase, openGate } from '../../../test/postgres/faults.ts'
import { homeOf, makeInstance } from '../../../test/postgres/instances.ts'
import { hashSecret } from '../../directory/secrets.ts'
import type { DirectoryTables, InstanceTables } from '../../store/database.ts'
import { completeBatch } from './queue-worker.ts'
import { settlePending } from './settle.ts'
import { newSignUpToken, signUpProgress } from './sign-up.ts'

let community: TestCommunity
let admin: pg.Client
beforeEach(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 1 })
  admin = new pg.Client({ connectionString: community.adminUrls.directory })
  await admin.connect()
})
afterEach(async () => {
  await admin.end()
  await community.close()
})

let times = 0

/** Others each time: a home that still reads where those of before live takes a directory without them for an older one. */
async function twoWait() {
  times++
  const people = ['ana', 'bea'].map((name) => ({ handle: `${name}${times}`, token: newSignUpToken() }))
  for (const { handle, token } of people) {
    await admin.query('INSERT INTO waiting (token_hash, handle, password_hash) VALUES ($1, $2, $3)', [
      hashSecret(token),
      handle,
      `hash of ${handle}`,
    ])
  }
  await admin.query('UPDATE meta SET revision = revision + 1')
  return people
}

test.each<FaultKind>(['crash-before', 'crash-after', 'lost-before', 'lost-after'])(
  'whoever waits keeps the place until the home is there, %s at every statement',
  async (kind) => {
    for (let at = 1; ; at++) {
      const people = await twoWait()
      const handles = people.map(({ handle }) => handle)
      const gate = openGate()
      const faulty = {
        domain: community.domain,
        directory: faultyDatabase<DirectoryTables>(community.directoryUrl, gate),
        db: faultyDatabase<InstanceTables>(community.homes.get(1)?.url ?? '', gate),
      }
      const first = await makeInstance(faulty, 1)
      gate.count = 0
      gate.at = at
      gate.kind = kind
      await completeBatch(first.instance).catch(() => undefined)
      const reached = gate.count >= at
      gate.dead = true
      await first.close()
      await Promise.all([faulty.directory.destroy(), faulty.db.destroy()])

      const second = await makeInstance(homeOf(community, 1), 1)
      for (const { handle, token } of people) {
        const progress = await signUpProgress(second.instance, token)
        expect('waiting' in progress || 'done' in progress, `${kind} at ${at}: ${handle}`).toBe(true)
      }
      await admin.query("UPDATE members SET expires_at = now() - interval '1 second' WHERE state = 'pending'")
      await settlePending(second.instance)
      await second.instance.homes.refresh()
      await completeBatch(second.instance)
      const members = await community.directory
        .selectFrom('members')
        .select(['handle', 'state'])
        .where('handle', 'in', handles)
        .orderBy('handle')
        .execute()
      expect(members, `${kind} at ${at}`).toEqual(people.map(({ handle }) => ({ handle, state: 'active' })))
      expect(await community.directory.selectFrom('waiting').select('id').execute()).toEqual([])
      const residents = await second.instance.db
        .selectFrom('members')
        .select(['handle', 'state', 'password_hash'])
        .where('handle', 'in', handles)
        .orderBy('handle')
        .execute()
      expect(residents, `${kind} at ${at}`).toEqual(
        people.map(({ handle }) => ({ handle, state: 'active', password_hash: `hash of ${handle}` })),
      )
      await second.close()
      if (!reached) {
        expect(at).toBeGreaterThan(25)
        return
      }
    }
  },
  300_000,
)
