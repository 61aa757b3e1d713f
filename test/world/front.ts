// What an ingress is to a community: its name and certificate at a port of this machine, in front of its instances.
import { request as ask, type createServer as createPlain } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Internet } from './internet.ts'

export type Front = {
  readonly port: number
  /** Every request and its status, in the order of the answers. */
  readonly answers: readonly { readonly method: string; readonly path: string; readonly status: number }[]
  close(): Promise<void>
}

/**
 * Hands each request to the next of the targets, and to the one after if that takes no connection: as an ingress does,
 * which only knows the pods that are ready. Sets X-Forwarded-For like one.
 */
export async function startFront(
  domain: string,
  internet: Internet,
  targets: () => readonly number[],
): Promise<Front> {
  let turn = 0
  const answers: { method: string; path: string; status: number }[] = []
  const handle: Parameters<typeof createPlain>[1] = (request, response) => {
    const chunks: Buffer[] = []
    response.on('finish', () => {
      const { method = '', url: path = '' } = request
      answers.push({ method, path, status: response.statusCode })
    })
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const ports = targets()
      const first = turn++
      const attempt = (tries: number) => {
        const port = ports[(first + tries) % ports.length]
        if (port === undefined || tries >= ports.length) {
          response.writeHead(502).end('no instance takes a connection')
          return
        }
        const headers = { ...request.headers, 'x-forwarded-for': request.socket.remoteAddress ?? '' }
        const onward = ask({
          host: '127.0.0.1',
          port,
          path: request.url,
          method: request.method,
          headers,
          agent: false,
        })
        onward.on('response', (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(response)
          answer.on('error', () => response.destroy())
        })
        onward.on('error', (error) => {
          if ('code' in error && error.code === 'ECONNREFUSED') attempt(tries + 1)
          else if (response.headersSent) response.destroy()
          else response.writeHead(502).end(String(error))
        })
        onward.end(body)
      }
      attempt(0)
    })
  }
  const server = createServer(await internet.certificate(domain), handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  internet.hosts.set(domain, `127.0.0.1:${port}`)
  return {
    port,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
