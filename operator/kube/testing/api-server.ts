// An HTTP server that plays the API server for one kind, for faults that a real one does not show on demand.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Connection } from '../client/connection.ts'
import type { KubeObject } from '../types.ts'

export type Answerer = (request: IncomingMessage, response: ServerResponse, url: URL) => void

export type FakeApiServer = {
  connection: Connection
  /** Every request so far: method and URL. */
  requests: { method: string; url: URL; authorization: string | undefined }[]
  /** How many TCP connections were ever made. */
  connections(): number
  close(): Promise<void>
}

export async function fakeApiServer(answer: Answerer): Promise<FakeApiServer> {
  const requests: FakeApiServer['requests'] = []
  let connections = 0
  let tokens = 0
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x')
    requests.push({ method: request.method ?? '', url, authorization: request.headers.authorization })
    request.resume()
    request.on('end', () => answer(request, response, url))
  })
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    connection: {
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      namespace: 'default',
      credentials: async () => ({ headers: { authorization: `Bearer token-${++tokens}` }, tls: {} }),
    },
    requests,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export const json = (response: ServerResponse, status: number, body: object, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

export const status = (code: number, reason: string): object => ({
  kind: 'Status',
  code,
  reason,
  message: reason,
})

export const listOf = (resourceVersion: string, items: object[], next?: string): object => ({
  kind: 'ConfigMapList',
  metadata: { resourceVersion, ...(next && { continue: next }) },
  items,
})

export const configMap = (name: string, resourceVersion: string, data: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion },
  data,
})

/** One line of a watch. */
export const event = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`

export const bookmark = (resourceVersion: string): string =>
  event('BOOKMARK', { kind: 'ConfigMap', metadata: { resourceVersion } })
