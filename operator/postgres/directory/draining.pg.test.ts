// Instances that are emptied and retired, as the directory itself keeps it, whatever is asked.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { changeDirectory } from '../../../instance/directory/change.ts'
import { beginMove } from '../../../instance/directory/moves/begin.ts'
import { makeCommunity, runAt, type TestCommunity } from '../../../test/postgres/databases.ts'
import { openServer, type Session } from '../server/session.ts'
import { readDirectory } from './read.ts'
import { drainInstance, reopenInstance, retireInstance } from './write.ts'

let community: TestCommunity
let session: Session
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 3, cap: 2 })
  const url = new URL(community.adminUrls.directory)
  const server = openServer({
    host: url.hostname,
    port: Number(url.port),
    username: 'postgres',
    password: '',
    database: url.pathname.slice(1),
  })
  session = await server.connect()
})
afterAll(async () => {
  await session?.end()
  await community?.close()
})

const sql = (text: string) => runAt(community.adminUrls.directory, text)
const states = async () =>
  Object.fromEntries((await readDirectory(session)).instances.map(({ ordinal, state }) => [ordinal, state]))
const sign = (id: number, home: number, state = 'pending') =>
  sql(`INSERT INTO members (id, handle, home, state) VALUES (${id}, 'm${id}', ${home}, '${state}')`)

test('it is emptied and not emptied, and it is known why and since when', async () => {
  const [, before] = (await readDirectory(session)).instances
  await drainInstance(session, { ordinal: 2, cause: 'Fewer' })
  const [, fewer] = (await readDirectory(session)).instances
  expect(fewer).toMatchObject({ state: 'Draining', drainedFor: 'Fewer', movedAt: null })
  expect(fewer?.stateSince).toBeGreaterThanOrEqual(before?.stateSince ?? Number.POSITIVE_INFINITY)
  // Another cause is no other beginning.
  await drainInstance(session, { ordinal: 2, cause: 'Asked' })
  expect((await readDirectory(session)).instances[1]).toMatchObject({
    drainedFor: 'Asked',
    stateSince: fewer?.stateSince,
  })
  await reopenInstance(session, 2)
  expect((await readDirectory(session)).instances[1]).toMatchObject({ state: 'Active', drainedFor: null })
})

test('the last one that gives seats goes on giving them', async () => {
  await drainInstance(session, { ordinal: 2, cause: 'Asked' })
  await drainInstance(session, { ordinal: 3, cause: 'Asked' })
  await drainInstance(session, { ordinal: 1, cause: 'Asked' })
  expect(await states()).toEqual({ 1: 'Active', 2: 'Draining', 3: 'Draining' })
  await reopenInstance(session, 3)
})

test('nobody signs up or moves there, whoever asks; who has lived there all along may be registered anew', async () => {
  await sign(1, 1, 'active')
  await expect(sign(2, 2)).rejects.toThrow('takes nobody in')
  const move = 'INSERT INTO moves (id, member_id, source, target, epoch) VALUES (1, 1, 1, 2, 1)'
  await expect(sql(move)).rejects.toThrow('takes nobody in')
  expect(
    await changeDirectory(community.directory, (tx) => beginMove(tx, { memberId: '1', target: 2 })),
  ).toMatchObject({ code: 'target-closing' })
  await sign(2, 2, 'active')
  expect((await readDirectory(session)).instances[1]).toMatchObject({ taken: 1 })
})

test('it is retired only when nobody lives there, is coming or is leaving, and for good', async () => {
  const refused = async () => {
    await retireInstance(session, 2)
    expect((await states())[2]).toBe('Draining')
  }
  await refused()
  await expect(
    sql("UPDATE instances SET state = 'Retired', drained_for = NULL WHERE ordinal = 2"),
  ).rejects.toThrow('retired_when_empty')
  await sql('INSERT INTO moves (id, member_id, source, target, epoch) VALUES (2, 2, 2, 3, 1)')
  await refused()
  await sql(`UPDATE moves SET step = 'verified' WHERE id = 2`)
  await sql(
    `BEGIN; UPDATE members SET home = 3, epoch = 2 WHERE id = 2; UPDATE moves SET step = 'switched' WHERE id = 2; COMMIT`,
  )
  await refused()
  await sql(`UPDATE moves SET step = 'done', changed_at = now() WHERE id = 2`)
  expect((await readDirectory(session)).instances[1]).toMatchObject({ taken: 0, movedAt: expect.any(Number) })
  await sql('INSERT INTO figures (ordinal, posts) VALUES (2, 7)')
  await retireInstance(session, 2)
  expect((await states())[2]).toBe('Retired')
  expect(await sql('SELECT FROM figures')).toEqual([])
  await reopenInstance(session, 2)
  await drainInstance(session, { ordinal: 2, cause: 'Asked' })
  expect((await states())[2]).toBe('Retired')
  await expect(sign(3, 2, 'active')).rejects.toThrow('retired_when_empty')
})

test('one that gave no seats yet is retired if nobody ever had to do with it, as the directory remembers it', async () => {
  const opening = (ordinal: number) =>
    sql(`INSERT INTO instances (ordinal, cap, state, address) VALUES (${ordinal}, 2, 'Opening', '')`)
  const row = async (ordinal: number) =>
    (await readDirectory(session)).instances.find((one) => one.ordinal === ordinal)
  for (const ordinal of [4, 5, 6, 7]) await opening(ordinal)
  await sql("INSERT INTO members (id, handle, home, state, seated) VALUES (5, 'm5', 5, 'deleted', false)")
  await sql('INSERT INTO moves (id, member_id, source, target, epoch) VALUES (6, 1, 1, 6, 1)')
  await sql(`UPDATE moves SET step = 'undone' WHERE id = 6`)
  await sign(7, 7, 'active')
  const found = []
  for (const ordinal of [4, 5, 6, 7]) {
    const before = await row(ordinal)
    await retireInstance(session, ordinal)
    found.push([before?.used, (await row(ordinal))?.state])
  }
  expect(found).toEqual([
    [false, 'Retired'],
    [true, 'Opening'],
    [true, 'Opening'],
    [true, 'Opening'],
  ])
  await sql('DELETE FROM members WHERE id IN (5, 7)')
})

test('one that takes people in is not retired', async () => {
  await retireInstance(session, 3)
  expect((await states())[3]).toBe('Active')
})
