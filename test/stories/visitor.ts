// A person with a browser that knows no JavaScript: follows links, keeps cookies, fills in and sends the forms it is shown.
import { type HTMLElement, parse } from 'node-html-parser'
import { Agent, type Dispatcher, request } from 'undici'

/** Where a community is reached from here: its real name and certificate, at a port of this machine. */
export type Site = { readonly domain: string; readonly port: number; readonly ca: string }

export type Page = {
  readonly status: number
  /** The path that was shown in the end, redirects followed. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  readonly html: HTMLElement
}

export type Visitor = {
  get(path: string, headers?: Record<string, string>): Promise<Page>
  /** Sends the form of the page whose action or submit button matches, with its hidden fields, as a browser would. */
  submit(page: Page, form: string, fields?: Record<string, string>): Promise<Page>
  close(): Promise<void>
}

const agents = new Map<string, Agent>()

/** One pool for each site, shared by all visitors: 400 people are not 400 pools. */
function agentOf(site: Site, connections: number): Agent {
  const key = `${site.domain}:${site.port}:${connections}`
  const found = agents.get(key)
  if (found) return found
  const agent = new Agent({
    connections,
    pipelining: 1,
    connect: {
      ca: site.ca,
      servername: site.domain,
      // The name need not resolve here.
      lookup: (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
    },
    headersTimeout: 120_000,
    bodyTimeout: 120_000,
  })
  agents.set(key, agent)
  return agent
}

function readCookies(jar: Map<string, string>, header: string | string[] | undefined): void {
  for (const line of typeof header === 'string' ? [header] : (header ?? [])) {
    const [pair = ''] = line.split(';')
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    if (value === '' || /max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.delete(name)
    else jar.set(name, value)
  }
}

/** The fields that a browser would send unasked: hidden ones, the chosen and the prefilled. */
function prefilled(form: HTMLElement): URLSearchParams {
  const fields = new URLSearchParams()
  for (const field of form.querySelectorAll('input, textarea, select')) {
    const name = field.getAttribute('name')
    const type = field.getAttribute('type') ?? 'text'
    if (!name || ['submit', 'file', 'button'].includes(type)) continue
    if (['checkbox', 'radio'].includes(type) && !field.hasAttribute('checked')) continue
    if (field.tagName === 'SELECT') {
      const options = field.querySelectorAll('option')
      const chosen = options.find((option) => option.hasAttribute('selected')) ?? options[0]
      fields.set(name, chosen?.getAttribute('value') ?? chosen?.text ?? '')
    } else {
      fields.set(name, field.tagName === 'TEXTAREA' ? field.text : (field.getAttribute('value') ?? ''))
    }
  }
  return fields
}

/** Somebody new at this site, nobody's cookies in hand; throws where the network does. */
export function visitor(site: Site, options: { connections?: number } = {}): Visitor {
  const agent = agentOf(site, options.connections ?? 8)
  const jar = new Map<string, string>()
  const origin = `https://${site.domain}`

  const ask = async (
    method: Dispatcher.HttpMethod,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Page> => {
    for (let hops = 0; ; hops++) {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await request(`${origin}:${site.port}${path}`, {
        method,
        dispatcher: agent,
        headers: {
          host: site.domain,
          accept: 'text/html',
          'user-agent': 'visitor',
          ...(cookie ? { cookie } : {}),
          ...(method === 'POST' ? { origin, 'content-type': 'application/x-www-form-urlencoded' } : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
      })
      readCookies(jar, answer.headers['set-cookie'])
      const text = await answer.body.text()
      const location = answer.headers.location
      if (answer.statusCode >= 300 && answer.statusCode < 400 && typeof location === 'string' && hops < 5) {
        const next = new URL(location, `${origin}${path}`)
        if (next.origin !== origin) throw new Error(`${path} leads away, to ${next.href}`)
        path = `${next.pathname}${next.search}`
        method = 'GET'
        body = undefined
        continue
      }
      return { status: answer.statusCode, path, headers: answer.headers, body: text, html: parse(text) }
    }
  }

  return {
    get: (path, headers = {}) => ask('GET', path, headers),
    submit: async (page, wanted, fields = {}) => {
      const form = page.html
        .querySelectorAll('form')
        .find((one) => (one.getAttribute('action') ?? page.path).split('?')[0]?.endsWith(wanted))
      if (!form)
        throw new Error(
          `${page.path} (${page.status}) has no form for ${wanted}:\n${page.html.text.slice(0, 800)}`,
        )
      const sent = prefilled(form)
      for (const [name, value] of Object.entries(fields)) sent.set(name, value)
      const action = new URL(form.getAttribute('action') ?? page.path, `${origin}${page.path}`)
      const path = `${action.pathname}${action.search}`
      if (!form.getAttribute('enctype')?.startsWith('multipart/'))
        return ask('POST', path, {}, sent.toString())
      const parts = new FormData()
      for (const [name, value] of sent) parts.append(name, value)
      const encoded = new Response(parts)
      const type = encoded.headers.get('content-type') ?? ''
      return ask('POST', path, { 'content-type': type }, await encoded.text())
    },
    close: async () => {
      jar.clear()
    },
  }
}

/** Ends all connections that visitors had. */
export async function closeVisitors(): Promise<void> {
  for (const agent of agents.values()) await agent.destroy()
  agents.clear()
}
