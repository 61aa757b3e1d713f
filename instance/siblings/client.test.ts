import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { makeSiblings, SiblingUnreachable } from './client.ts'

test('one who waits for a connection to a sibling that never answers waits no longer than those who have one', async () => {
  const sockets = new Set<Socket>()
  const mute = createServer((socket) => {
    sockets.add(socket)
    socket.resume().on('error', () => undefined)
  })
  await once(mute.listen(0, '127.0.0.1'), 'listening')
  const address = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`
  const siblings = makeSiblings({
    ordinal: 1,
    keys: { current: () => 'key', accepts: () => true },
    instances: () => [{ ordinal: 2, address }],
  })
  const begun = performance.now()
  const call = {
    method: 'GET',
    path: '/',
    headers: {},
    body: null,
    signal: new AbortController().signal,
    headersTimeoutMs: 1_000,
  }
  // More than twice as many as there are connections.
  const ends = await Promise.allSettled(Array.from({ length: 200 }, () => siblings.send(2, call)))
  expect(performance.now() - begun).toBeLessThan(3_500)
  for (const end of ends)
    expect(end).toMatchObject({ status: 'rejected', reason: expect.any(SiblingUnreachable) })
  expect(siblings.load()).toMatchObject({ running: 0, queued: 0 })
  await siblings.close()
  for (const socket of sockets) socket.destroy()
  mute.close()
})

test('an answer that has begun may go on for longer', async () => {
  const slow = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nx-hamlet-ordinal: 2\r\ncontent-length: 4\r\n\r\nlo')
        setTimeout(() => socket.end('ng'), 600)
      })
  })
  await once(slow.listen(0, '127.0.0.1'), 'listening')
  const address = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`
  const siblings = makeSiblings({
    ordinal: 1,
    keys: { current: () => 'key', accepts: () => true },
    instances: () => [{ ordinal: 2, address }],
  })
  const signal = new AbortController().signal
  const answer = await siblings.send(2, {
    method: 'GET',
    path: '/',
    headers: {},
    body: null,
    signal,
    headersTimeoutMs: 300,
  })
  expect(await answer.body.text()).toBe('long')
  await siblings.close()
  slow.close()
})
