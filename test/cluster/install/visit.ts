import { request } from 'node:https'

/** How a community is reached from this machine: names under localhost lead to the published port. */
export type Door = {
  readonly domain: string
  readonly ca: string
  readonly port: number
  readonly local: boolean
}

/** The URL that people open. */
export function urlOf(door: Pick<Door, 'domain' | 'port'>): string {
  return `https://${door.domain}${door.port === 443 ? '' : `:${door.port}`}`
}

/** Asks a community for a path and returns the HTTP status, or why none came. */
export function visit(door: Door, path = '/'): Promise<number | string> {
  const { domain, ca, port } = door
  return new Promise((resolve) => {
    const asked = request({
      // Not every system resolves names under localhost, so the address is given and the name only checked.
      host: door.local ? '127.0.0.1' : domain,
      servername: domain,
      port,
      path,
      ca,
      headers: { host: domain },
      timeout: 5_000,
      agent: false,
    })
    asked.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer in 5 s')))
    asked.on('error', (error) => resolve(error.message))
    asked.end()
  })
}
