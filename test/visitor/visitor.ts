// A person with a browser that knows no JavaScript, at a site: follows links, fills in and sends the forms it is shown.
import { Agent, request } from 'undici'
import { openBrowser, type Page } from './browser.ts'
import { type Fields, fillForm } from './form.ts'

export type { Page } from './browser.ts'

/** Where a community is reached from here: its real name and certificate, at a port of this machine. */
export type Site = { readonly domain: string; readonly port: number; readonly ca: string }

export type Visitor = {
  get(path: string, headers?: Record<string, string>): Promise<Page>
  /** Sends the form of the page whose action matches, with its hidden fields, as a browser would. */
  submit(page: Page, form: string, fields?: Fields): Promise<Page>
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

/** Somebody new at this site, nobody's cookies in hand; throws where the network does. */
export function visitor(site: Site, options: { connections?: number } = {}): Visitor {
  const agent = agentOf(site, options.connections ?? 8)
  const origin = `https://${site.domain}`
  const browser = openBrowser(origin, async ({ method, path, headers, body }) => {
    const answer = await request(`${origin}:${site.port}${path}`, {
      method,
      dispatcher: agent,
      headers: { 'user-agent': 'visitor', ...headers },
      ...(body && { body }),
    })
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() }
  })
  return {
    get: browser.get,
    submit: async (page, wanted, fields = {}) => {
      const sending = await fillForm(page, wanted, fields)
      return browser.post(sending.path, sending)
    },
    close: async () => {
      browser.cookies.forget()
    },
  }
}

/** Ends all connections that visitors had. */
export async function closeVisitors(): Promise<void> {
  for (const agent of agents.values()) await agent.destroy()
  agents.clear()
}
