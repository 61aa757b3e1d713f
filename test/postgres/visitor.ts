// Somebody with a browser without JavaScript, in front of an instance's public server.
import type { FastifyInstance } from 'fastify'
import type { Instance } from '../../instance/instance.ts'

export type Page = {
  readonly status: number
  readonly html: string
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  readonly path: string
}

export type Visitor = {
  /** Opens a page, following redirects. */
  get(path: string): Promise<Page>
  /**
   * Sends the first form of the page at hand whose action is `action`, with its hidden fields and `fields` filled in,
   * as a browser would; then follows the redirect.
   */
  submit(action: string, fields?: Readonly<Record<string, string | Blob>>): Promise<Page>
  /** Sends fields to a path without reading any form. */
  post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers?: Record<string, string>,
  ): Promise<Page>
  readonly page: Page
  cookie: string | undefined
}

const plain = (text: string) =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')

function formOf(html: string, action: string): { multipart: boolean; fields: Record<string, string> } {
  for (const [, open = '', body = ''] of html.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)) {
    if (!open.includes(`action="${action}"`)) continue
    const fields: Record<string, string> = {}
    for (const [tag] of body.matchAll(/<input[^>]*>/g)) {
      const name = /name="([^"]*)"/.exec(tag)?.[1]
      const box = tag.includes('type="checkbox"')
      if (name && (!box || / checked/.test(tag))) fields[name] = plain(/value="([^"]*)"/.exec(tag)?.[1] ?? '')
      if (tag.includes('type="file"') && name) delete fields[name]
    }
    for (const [, name = '', inner = ''] of body.matchAll(
      /<textarea[^>]*name="([^"]*)"[^>]*>([\s\S]*?)<\/textarea>/g,
    )) {
      fields[name] = plain(inner)
    }
    for (const [, name = '', inner = ''] of body.matchAll(
      /<select[^>]*name="([^"]*)"[^>]*>([\s\S]*?)<\/select>/g,
    )) {
      const chosen = [...inner.matchAll(/<option([^>]*)>/g)].map(([, attributes = '']) => attributes)
      const option = chosen.find((attributes) => attributes.includes(' selected')) ?? chosen[0] ?? ''
      fields[name] = /value="([^"]*)"/.exec(option)?.[1] ?? ''
    }
    return { multipart: open.includes('multipart/form-data'), fields }
  }
  throw new Error(`no form with action ${action}`)
}

export function makeVisitor(app: FastifyInstance, instance: Pick<Instance, 'config'>): Visitor {
  let page: Page = { status: 0, html: '', headers: {}, path: '' }
  const visitor: Visitor = {
    cookie: undefined,
    get page() {
      return page
    },
    get: (path) => ask('GET', path),
    post: (path, fields, headers) =>
      ask('POST', path, new URLSearchParams(fields).toString(), {
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      }),
    submit: async (action, fields = {}) => {
      const form = formOf(page.html, action)
      const filled = { ...form.fields, ...fields }
      if (!form.multipart) {
        const texts = Object.entries(filled).filter(
          (entry): entry is [string, string] => typeof entry[1] === 'string',
        )
        return visitor.post(action, Object.fromEntries(texts))
      }
      const data = new FormData()
      for (const [name, value] of Object.entries(filled)) {
        if (typeof value === 'string') data.append(name, value)
        else data.append(name, value, 'picture')
      }
      const request = new Request(instance.config.origin, { method: 'POST', body: data })
      return ask('POST', action, Buffer.from(await request.arrayBuffer()), {
        'content-type': request.headers.get('content-type') ?? '',
      })
    },
  }
  const ask = async (
    method: 'GET' | 'POST',
    path: string,
    payload?: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<Page> => {
    const answer = await app.inject({
      method,
      url: path,
      headers: {
        host: instance.config.domain,
        accept: 'text/html',
        ...(method === 'POST' && { origin: instance.config.origin, 'sec-fetch-site': 'same-origin' }),
        ...(visitor.cookie && { cookie: `hamlet_session=${visitor.cookie}` }),
        ...headers,
      },
      ...(payload !== undefined && { payload }),
    })
    for (const cookie of answer.cookies) {
      if (cookie.name === 'hamlet_session') visitor.cookie = cookie.value || undefined
    }
    const to = answer.headers.location
    if (answer.statusCode >= 300 && answer.statusCode < 400 && typeof to === 'string') {
      return ask('GET', to.split('#', 1)[0] ?? '/')
    }
    page = { status: answer.statusCode, html: answer.body, headers: answer.headers, path }
    return page
  }
  return visitor
}
