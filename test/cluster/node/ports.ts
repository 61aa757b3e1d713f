import { createServer } from 'node:net'
import type { Ports } from '../cluster.ts'

/** The wished ports where they are free, and others where they are not. */
export async function choosePorts(wished: Ports): Promise<Ports> {
  const https = await firstFree([wished.https, 8443, 9443])
  const http = await firstFree([wished.http, 8080, 9080])
  return { https, http }
}

/** Some free port of the loopback address. */
export async function freePort(): Promise<number> {
  return firstFree([])
}

async function firstFree(candidates: readonly number[]): Promise<number> {
  for (const port of candidates) if ((await tryPort(port)) !== undefined) return port
  const port = await tryPort(0)
  if (port === undefined) throw new Error('this machine has no free port')
  return port
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      // A person may not listen on a low port themselves, but the container engine may.
      resolve(error.code === 'EACCES' ? port : undefined)
    })
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port))
    })
  })
}
