import { once } from 'node:events'
import { connect } from 'node:net'
import multipart from '@fastify/multipart'
import Fastify, { type FastifyBaseLogger } from 'fastify'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { Web } from '../deps.ts'
import { readUpload } from '../forms/upload.ts'
import { registerErrorPages } from './errors.ts'

/** What is answered to programs needs nothing of it. */
const web = {} as Web

/** A server with a form for a picture, what it logs of it, and what its handlers threw. */
async function serve() {
  const logged: { level: number; msg: string }[] = []
  const log: FastifyBaseLogger = pino(
    { level: 'warn' },
    { write: (line: string) => logged.push(JSON.parse(line)) },
  )
  const app = Fastify({ loggerInstance: log })
  await app.register(multipart)
  registerErrorPages(app, web)
  app.post('/picture', (request) => readUpload(request, 'file'))
  const thrown: Error[] = []
  app.addHook('onError', async (_request, _reply, error) => void thrown.push(error))
  const url = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  return { app, port: Number(url.port), logged, thrown }
}

test('a client that goes away in the middle of an upload is no database that is down', async () => {
  const { app, port, logged, thrown } = await serve()
  const client = connect(port, '127.0.0.1')
  await once(client, 'connect')
  const began = once(app.server, 'request')
  client.write(
    'POST /picture HTTP/1.1\r\nHost: garden.example\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n' +
      '--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\nhalf',
  )
  await began
  client.resetAndDestroy()
  await expect.poll(() => thrown.length, { timeout: 10_000 }).toBe(1)
  await app.close()
  expect(logged).toEqual([])
})
