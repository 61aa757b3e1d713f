// The operator as it runs, where databases were put back to older copies.
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { codeOf } from '../instance/store/boots/missing.ts'
import { readClaim } from './build/data/claim.ts'
import { resources } from './kube/resources.ts'
import type { KubeObject } from './kube/types.ts'
import { conditionOf, operate, until } from './testing/operate.ts'
import { type Setup, setUp } from './testing/setup.ts'
import { findClaim } from './testing/world.ts'

let setup: Setup
beforeAll(async () => {
  setup = await setUp()
})
afterAll(() => setup?.stop())

async function open(database: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: setup.postgres.url(database) })
  client.on('error', () => undefined)
  await client.connect()
  onTestFinished(() => client.end().catch(() => undefined))
  return client
}

/** A community with one instance, and what a test does to it. */
async function town() {
  const operated = await operate(setup, 'town')
  const { create, ready, place, kube, community } = operated
  await create(0, {})
  await ready('True', 'Serving')
  const { prefix } = readClaim((await findClaim(setup.world, place())) as KubeObject)
  const root = await open('postgres')
  let looks = 0
  return {
    ...operated,
    root,
    directory: `${prefix}_directory`,
    home: `${prefix}_1`,
    lookAgain: () => kube.patch(resources.community, place(), { spec: { title: `look ${++looks}` } }),
    instance: () => kube.get(resources.instance, { ...place(), name: 'garden-1' }),
    known: (reason: string, text = '') =>
      until(`MembersKnown ${reason}`, community, (seen) => {
        const found = conditionOf(seen, 'MembersKnown')
        return found?.reason === reason && found.message.includes(text)
      }),
    copy: async (from: string, to: string) => {
      const { rows } = await root.query<{ owner: string }>(
        'SELECT datdba::regrole::text AS owner FROM pg_database WHERE datname = $1',
        [from],
      )
      const owner = rows[0]?.owner ?? ''
      await root.query(`ALTER DATABASE ${from} ALLOW_CONNECTIONS false`)
      await root.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1', [
        from,
      ])
      await root.query(`DROP DATABASE IF EXISTS ${to} WITH (FORCE)`)
      await root.query(`CREATE DATABASE ${to} TEMPLATE ${from} OWNER ${owner}`)
      await root.query(`ALTER DATABASE ${from} ALLOW_CONNECTIONS true`)
    },
    inside: async (database: string, ...statements: string[]) => {
      const client = await open(database)
      let rows: unknown[] = []
      for (const statement of statements) rows = (await client.query(statement)).rows
      await client.end()
      return rows
    },
  }
}

test('a directory of before is made whole from what the instances say, once all of them have', async () => {
  const { root, directory, home, lookAgain, known, ready, copy, inside, kube, place } = await town()
  await inside(
    directory,
    "INSERT INTO members (id, handle, home, state) VALUES (1, 'ana', 1, 'active')",
    "INSERT INTO invites (hash, uses_left) VALUES ('\\x01', 3)",
  )
  await copy(directory, `${directory}_dump`)
  // As a sign-up leaves it: the instance has seen the directory that has the newcomer.
  await inside(
    directory,
    'UPDATE meta SET revision = revision + 1',
    "INSERT INTO members (id, handle, home, state) VALUES (2, 'ben', 1, 'active')",
  )
  const [meta] = await inside(directory, 'SELECT incarnation, revision FROM meta')
  await inside(
    home,
    ...[1, 2].flatMap((id) => [
      `INSERT INTO accounts (id, uri, handle, url, inbox) VALUES (${id}, 'a${id}', 'm${id}', '', '')`,
      `INSERT INTO members (id, handle, state, password_hash) VALUES (${id}, '${id === 1 ? 'ana' : 'ben'}', 'active', '')`,
    ]),
    `UPDATE home SET directory_incarnation = ${Object(meta).incarnation}, directory_revision = ${Object(meta).revision}`,
  )
  const members = () =>
    inside(
      directory,
      'SELECT id, handle, home, epoch, members.state, taken FROM members, instances ORDER BY id',
    )
  await ready('True', 'Serving')

  // A second instance that was made, and whose database does not answer.
  const claim = (await findClaim(setup.world, place())) as KubeObject
  await kube.patch(resources.configMap, claim.metadata, { data: { 'made-2': 'true' } })
  await copy(`${directory}_dump`, directory)
  await lookAgain()
  await known('DirectoryRegressed', 'instance 2 gives no answer')
  const waiting = await ready('False', 'DirectoryRegressed')
  expect(conditionOf(waiting, 'Degraded').status).toBe('True')
  expect(await members()).toMatchObject([{ id: '1', epoch: 1 }])

  await kube.patch(resources.configMap, claim.metadata, { data: { 'made-2': null } })
  await lookAgain()
  await known('Counted')
  await ready('True', 'Serving')
  expect(await members()).toEqual([
    { id: '1', handle: 'ana', home: 1, epoch: 1_001, state: 'active', taken: 2 },
    { id: '2', handle: 'ben', home: 1, epoch: 1_001, state: 'active', taken: 2 },
  ])
  expect(await inside(directory, 'SELECT incarnation FROM meta')).toEqual([{ incarnation: 2 }])
  // A link that was used up since the dump would be good again.
  expect(await inside(directory, 'SELECT uses_left FROM invites WHERE uses_left = 3')).toEqual([])
  // The tables count again by themselves.
  await inside(directory, "INSERT INTO members (id, handle, home, state) VALUES (3, 'cem', 1, 'active')")
  expect(await members()).toMatchObject([{ taken: 3 }, { taken: 3 }, { taken: 3 }])
  const events = await until(
    'the Event',
    () => kube.list(resources.coreEvent, { namespace: place().namespace }),
    (seen) => seen.some(({ reason }) => reason === 'DirectoryRegressed'),
  )
  expect(events.find(({ reason }) => reason === 'DirectoryRegressed')?.type).toBe('Warning')
  await root.query(`DROP DATABASE ${directory}_dump`)
})

test('members whom a restored database lacks are told of, and given up by nobody but who has their code', async () => {
  const { directory, home, lookAgain, known, kube, place, inside, instance } = await town()
  await inside(
    directory,
    "INSERT INTO members (id, handle, home, state) VALUES (7, 'ana', 1, 'active'), (8, 'ben', 1, 'active')",
  )
  const code = codeOf(['7', '8'])
  // As the instance notes it.
  await inside(home, `UPDATE home SET missing = 2, missing_code = '${code}'`)
  const look = async () => {
    const seen = await instance()
    if (seen)
      await kube.patch(resources.instance, seen.metadata, {
        metadata: { annotations: { look: String(Date.now()) } },
      })
  }
  await look()
  await lookAgain()
  const missing = await known('MembersMissing', `hamlet.coop/give-up-missing=${code}`)
  expect(conditionOf(missing, 'Ready').status).toBe('True')
  expect(conditionOf(missing, 'Degraded')).toMatchObject({ status: 'True', reason: 'MembersMissing' })
  expect(conditionOf(await instance(), 'MembersKnown')).toMatchObject({ status: 'False' })

  const annotate = (text: string) =>
    kube.patch(resources.community, place(), {
      metadata: { annotations: { 'hamlet.coop/give-up-missing': text } },
    })
  const states = () => inside(directory, 'SELECT DISTINCT state FROM members WHERE id IN (7, 8)')
  await annotate('another')
  await look()
  await known('MembersMissing')
  expect(await states()).toEqual([{ state: 'active' }])
  await annotate(code)
  await look()
  await known('Counted')
  expect(await states()).toEqual([{ state: 'deleted' }])
  expect(await inside(directory, 'SELECT taken FROM instances')).toEqual([{ taken: 0 }])
})

test('of two who have one name the later is given up by nobody but who has their code', async () => {
  const { directory, home, lookAgain, known, ready, copy, inside, kube, place } = await town()
  const claim = (await findClaim(setup.world, place())) as KubeObject
  const second = home.replace(/_1$/, '_2')
  await inside(directory, "INSERT INTO members (id, handle, home, state) VALUES (1, 'ana', 1, 'active')")
  await copy(home, second)
  await inside(second, 'UPDATE identity SET ordinal = 2')
  // One instance has seen a directory in which somebody joined there, and which is lost; then they joined at the other.
  const live = (id: number, handle: string) => [
    `INSERT INTO accounts (id, uri, handle, url, inbox) VALUES (${id}, 'a${id}', '${handle}', '', '')`,
    `INSERT INTO members (id, handle, state, password_hash) VALUES (${id}, '${handle}', 'active', '')`,
  ]
  await inside(
    home,
    ...live(1, 'ana'),
    'UPDATE home SET directory_incarnation = 1, directory_revision = 1000',
  )
  await inside(home, ...live(2, 'dora'))
  await inside(second, ...live(3, 'dora'))
  await kube.patch(resources.configMap, claim.metadata, { data: { 'made-2': 'true' } })
  await lookAgain()
  const told = await known('DirectoryRegressed', 'hamlet.coop/give-up-namesakes=')
  const { message } = conditionOf(told, 'MembersKnown')
  expect(message).toContain('(member 2 of instance 1, not member 3 of instance 2)')
  expect(message).not.toContain('dora')
  const members = () => inside(directory, 'SELECT id, handle, home, state FROM members ORDER BY id')
  const before = [{ id: '1', handle: 'ana', home: 1, state: 'active' }]
  const annotate = (text: string) =>
    kube.patch(resources.community, place(), {
      metadata: { annotations: { 'hamlet.coop/give-up-namesakes': text } },
    })
  await annotate('another')
  await lookAgain()
  await ready('False', 'DirectoryRegressed')
  expect(await members()).toEqual(before)

  await annotate(/give-up-namesakes=(\S+)/.exec(message)?.[1] ?? 'none')
  await known('Counted')
  expect(await members()).toEqual([
    ...before,
    { id: '2', handle: 'dora', home: 1, state: 'active' },
    expect.objectContaining({ id: '3', home: 2, state: 'deleted' }),
  ])
})
