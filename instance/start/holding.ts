// Something to answer with while PostgreSQL is down at the start: alive, not ready, and 503 for everybody.
import { createServer, type Server } from 'node:http'
import type { Config } from '../config.ts'

/** Listens on both ports in the place of the instance. Without it the cluster would restart the pod again and again. */
export async function holdPorts(
  { publicPort, internalPort }: Pick<Config, 'publicPort' | 'internalPort'>,
  host: string,
): Promise<{ close(): Promise<void> }> {
  // Connections end with each answer: the ports are soon somebody else's.
  const connection = 'close'
  const later = { connection, 'retry-after': '5', 'content-type': 'text/plain; charset=utf-8' }
  const servers = [
    { port: publicPort, internal: false },
    { port: internalPort, internal: true },
  ].map(({ port, internal }) => ({
    port,
    server: createServer((request, response) => {
      request.resume()
      if (internal && request.url === '/livez') {
        response.writeHead(200, { connection, 'content-type': 'application/json' }).end('{"alive":true}')
      } else {
        response
          .writeHead(503, later)
          .end('This part of the community is not available right now. Try again in a few seconds.\n')
      }
    }),
  }))
  await Promise.all(servers.map(({ port, server }) => listen(server, port, host)))
  return {
    close: async () => {
      await Promise.all(
        servers.map(
          ({ server }) =>
            new Promise<void>((resolve) => {
              server.close(() => resolve())
              server.closeAllConnections()
            }),
        ),
      )
    },
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
}
