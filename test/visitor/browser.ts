// A browser that knows no JavaScript: it keeps cookies and follows redirects, over whatever way leads to the site.
import { type HTMLElement, parse } from 'node-html-parser'

export type Headers = Readonly<Record<string, string>>

export type Page = {
  readonly status: number
  /** The path that was shown in the end, redirects followed. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  readonly body: string
  readonly html: HTMLElement
}

type Answer = Pick<Page, 'status' | 'headers' | 'body'>
type Question = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Headers
  readonly body?: Buffer
}

export type Cookies = {
  get(name: string): string | undefined
  /** The header that is sent for a path; empty for none. */
  headerFor(path: string): string
  /** Forgets those of this name, or all. */
  forget(name?: string): void
}

export type Browser = {
  readonly cookies: Cookies
  get(path: string, headers?: Headers): Promise<Page>
  post(path: string, sent: { readonly type: string; readonly body: Buffer }, headers?: Headers): Promise<Page>
}

function openJar(): Cookies & { read(header: Page['headers'][string]): void } {
  const jar = new Map<string, { name: string; value: string; path: string }>()
  return {
    read: (header) => {
      for (const line of Array.isArray(header) ? header : [String(header ?? '')]) {
        const [pair = ''] = line.split(';')
        const [name = '', value = ''] = pair.split(/=(.*)/s)
        const path = /; *path=([^;]+)/i.exec(line)?.[1] ?? '/'
        if (value === '' || /max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.delete(`${name} ${path}`)
        else jar.set(`${name} ${path}`, { name, value, path })
      }
    },
    get: (name) => [...jar.values()].find((cookie) => cookie.name === name)?.value,
    headerFor: (path) =>
      [...jar.values()]
        .filter((cookie) => path.startsWith(cookie.path))
        .map(({ name, value }) => `${name}=${value}`)
        .join('; '),
    forget: (name) => {
      for (const [key, cookie] of jar) if (name === undefined || cookie.name === name) jar.delete(key)
    },
  }
}

/** A new one, without cookies, at a site. Throws where `ask` does, and where a redirect leads away from the site. */
export function openBrowser(origin: string, ask: (question: Question) => Promise<Answer>): Browser {
  const cookies = openJar()
  const open = async (question: Question): Promise<Page> => {
    let { method, path, headers, body } = question
    for (let hops = 0; ; hops++) {
      const cookie = cookies.headerFor(path)
      const answer = await ask({
        method,
        path,
        headers: {
          host: new URL(origin).host,
          accept: 'text/html',
          ...(cookie && { cookie }),
          ...(method === 'POST' && { origin, 'sec-fetch-site': 'same-origin' }),
          ...headers,
        },
        ...(body && { body }),
      })
      cookies.read(answer.headers['set-cookie'])
      const { location } = answer.headers
      if (answer.status < 300 || answer.status >= 400 || typeof location !== 'string' || hops >= 5)
        return { ...answer, path, html: parse(answer.body) }
      const next = new URL(location, `${origin}${path}`)
      if (next.origin !== origin) throw new Error(`${path} leads away, to ${next.href}`)
      path = `${next.pathname}${next.search}`
      // What came with a form is not sent again.
      if (method === 'POST') headers = {}
      method = 'GET'
      body = undefined
    }
  }
  return {
    cookies,
    get: (path, headers = {}) => open({ method: 'GET', path, headers }),
    post: (path, { type, body }, headers) =>
      open({ method: 'POST', path, headers: { 'content-type': type, ...headers }, body }),
  }
}
