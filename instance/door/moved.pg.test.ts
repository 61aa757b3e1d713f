// A member has moved, and not every door has heard of it.
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type Doors, digest, openDoors } from '../../test/world/doors.ts'

let doors: Doors
beforeAll(async () => {
  doors = await openDoors(inject('postgresPort'), 3)
})
afterAll(() => doors.close())

const wrote = {
  method: 'POST',
  body: 'post=hello',
  headers: { 'content-type': 'application/octet-stream' },
}
const hello = digest('post=hello')

// Nobody is told, as the revision stays: only the new and the old home know, the asker's memory is old.
const move = async (id: number, from: number, to: number) => {
  await doors.admin(
    `INSERT INTO members (id, handle, home, state) VALUES (${id}, 'mo${id}', ${from}, 'active')`,
  )
  await doors.refresh()
  await doors.admin(`UPDATE members SET home = ${to}, epoch = 2 WHERE id = ${id}`)
  for (const ordinal of [from, to]) if (ordinal !== 1) await doors.refresh(ordinal)
  return `/users/mo${id}/x`
}

test('to another home is served there, body and all', async () => {
  expect((await doors.ask(1, await move(61, 2, 3), wrote)).json).toMatchObject({ at: 3, body: hello })
})

test('to the very door that asks is served there, after the old home said no', async () => {
  expect((await doors.ask(1, await move(62, 2, 1), wrote)).json).toMatchObject({ at: 1, body: hello })
})

test('is found with a body that can be sent only once', async () => {
  const big = Buffer.alloc(2 * 1024 * 1024, 'x')
  const sent = { ...wrote, body: big }
  const body = digest(big)
  expect((await doors.ask(1, await move(63, 2, 3), sent)).json).toMatchObject({ at: 3, body })
  expect((await doors.ask(1, await move(64, 2, 1), sent)).json).toMatchObject({ at: 1, body })
})

test('and whose new home has read nothing yet is served there all the same', async () => {
  const path = await move(65, 2, 3)
  await doors.admin('UPDATE members SET home = 1 WHERE id = 65')
  await doors.refresh(3)
  await doors.admin('UPDATE members SET home = 3 WHERE id = 65')
  expect((await doors.ask(1, path, wrote)).json).toMatchObject({ at: 3, body: hello })
})

test('and is noticed gone only by the old home itself: siblings are told 421, clients 503', async () => {
  await doors.admin("INSERT INTO members (id, handle, home, state) VALUES (67, 'late', 2, 'active')")
  await doors.refresh()
  const gone = { ...wrote, headers: { ...wrote.headers, 'x-test-status': '421' } }
  const direct = await doors.ask(2, '/users/late', gone)
  expect([direct.status, direct.headers['retry-after']]).toEqual([503, '1'])
  expect((await doors.ask(1, '/users/late', gone)).status).toBe(503)
})
