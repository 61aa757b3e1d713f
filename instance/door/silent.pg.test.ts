import { createServer } from 'node:net'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type Doors, openDoors } from '../../test/world/doors.ts'
let doors: Doors
beforeAll(async () => {
  doors = await openDoors(inject('postgresPort'), 3)
  await doors.admin("INSERT INTO members (id, handle, home, state) VALUES (3, 'cy', 3, 'active')")
})
afterAll(() => doors.close())
test('x', { timeout: 300_000 }, async () => {
  const sockets = new Set()
  const mute = createServer((socket) => { sockets.add(socket); socket.resume().on('error', () => undefined).on('close', () => sockets.delete(socket)) })
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  const address = mute.address()
  const port = typeof address === 'object' && address ? address.port : 0
  await doors.admin(`UPDATE instances SET address = 'http://127.0.0.1:${port}' WHERE ordinal = 3`)
  await doors.refresh()
  const t = Date.now()
  const ends = await Promise.all(Array.from({ length: 200 }, () => doors.ask(1, '/@cy').then(({ status, headers }) => [status, headers['retry-after'], Date.now() - t], (e) => [String(e), Date.now() - t])))
  const by = new Map<string, number>()
  for (const [s, r, ms] of ends) { const k = `${s} ${r} ${Math.round(Number(ms) / 1000)}`; by.set(k, (by.get(k) ?? 0) + 1) }
  console.log([...by], sockets.size)
  const up = await doors.ask(1, '/@cy', { method: 'POST', body: Buffer.alloc(2*1024*1024, 'x'), headers: {'content-type': 'application/octet-stream'} })
  console.log(up.status, up.headers['retry-after'], Date.now() - t)
  await new Promise((resolve) => mute.close(resolve))
})
