// Somebody with a browser without JavaScript, in front of an instance's public server in this process, without a port.
import type { FastifyInstance } from 'fastify'
import type { Instance } from '../../instance/instance.ts'
import { PASSWORD } from '../postgres/people.ts'
import { type Page as BrowserPage, type Cookies, openBrowser } from './browser.ts'
import { encode, type Fields, fillForm } from './form.ts'

export type Page = Pick<BrowserPage, 'status' | 'path' | 'headers'> & { readonly html: string }

export type Visitor = {
  /** Opens a page, following redirects. */
  get(path: string): Promise<Page>
  /** Sends the form of the page at hand, with its own fields and `fields`, and follows the redirect. */
  submit(action: string, fields?: Fields): Promise<Page>
  /** Sends fields to a path without reading any form. */
  post(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Page>
  readonly page: Page
  /** The value of the session cookie. */
  readonly cookie: string | undefined
  readonly cookies: Cookies
}

export function makeVisitor(app: FastifyInstance, instance: Pick<Instance, 'config'>): Visitor {
  const browser = openBrowser(instance.config.origin, async ({ method, path, headers, body }) => {
    const answer = await app.inject({ method, url: path, headers, ...(body && { payload: body }) })
    return { status: answer.statusCode, headers: answer.headers, body: answer.body }
  })
  let shown: BrowserPage | undefined
  const at = (): BrowserPage => {
    if (!shown) throw new Error('no page was opened yet')
    return shown
  }
  const show = async (opening: Promise<BrowserPage>): Promise<Page> => {
    shown = await opening
    return pageOf(shown)
  }
  return {
    get page() {
      return pageOf(at())
    },
    get cookie() {
      return browser.cookies.get('hamlet_session')
    },
    cookies: browser.cookies,
    get: (path) => show(browser.get(path)),
    submit: async (action, fields = {}) => {
      const sending = await fillForm(at(), action, fields)
      return show(browser.post(sending.path, sending))
    },
    post: async (path, fields, headers) =>
      show(browser.post(path, await encode(new URLSearchParams(fields)), headers)),
  }
}

/** A visitor who has just signed up. */
export async function signUp(
  app: FastifyInstance,
  instance: Pick<Instance, 'config'>,
  handle: string,
  displayName = '',
): Promise<Visitor> {
  const person = makeVisitor(app, instance)
  await person.get('/sign-up')
  await person.submit('/sign-up', { handle, display_name: displayName, password: PASSWORD })
  return person
}

const pageOf = ({ status, path, headers, body }: BrowserPage): Page => ({ status, path, headers, html: body })
