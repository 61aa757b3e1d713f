// Somebody at a screen, and what their browser complained of meanwhile.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { until } from '../cluster/build/run.ts'
import { PASSWORD } from '../stories/hamlet.ts'
import type { Site } from '../visitor/visitor.ts'

export type Person = {
  readonly page: Page
  readonly context: BrowserContext
  readonly complaints: Complaints
  /** Opens a path of the community. */
  open(path: string): Promise<void>
  close(): Promise<void>
}

/** Errors of the console, of scripts and of the policy on content; answers of 400 and above among them. */
export type Complaints = {
  /** All since the last call. */
  take(): string[]
}

export const PHONE = { width: 390, height: 844 }
export const DESK = { width: 1280, height: 900 }

type Options = { javaScript: boolean; screen: { width: number; height: number } }

export async function person(browser: Browser, site: Site, options: Options): Promise<Person> {
  const origin = `https://${site.domain}`
  const context = await browser.newContext({
    baseURL: origin,
    javaScriptEnabled: options.javaScript,
    viewport: options.screen,
    locale: 'en-GB',
  })
  context.setDefaultTimeout(20_000)
  let said: string[] = []
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) {
      said.push(`${message.text()} (${message.location().url})`)
    }
  })
  context.on('weberror', ({ error }) => said.push(String(error())))
  context.on('requestfailed', (request) => {
    const why = request.failure()?.errorText
    // A page that is left before its pictures came.
    if (why !== 'net::ERR_ABORTED') said.push(`${request.url()} failed: ${why}`)
  })
  const page = await context.newPage()
  return {
    page,
    context,
    complaints: {
      take: () => {
        const all = said
        said = []
        return all
      },
    },
    open: async (path) => {
      await page.goto(path)
    },
    close: () => context.close(),
  }
}

/** Presses what leads to another page, and waits until that is there. */
export async function press({ page }: Person, button: Locator): Promise<void> {
  const there = page.waitForEvent('domcontentloaded')
  // Where the button cannot be pressed, that is the error to tell.
  there.catch(() => undefined)
  await button.click()
  await there
}

/** Fills in the form of new members that is on the page. */
export async function moveIn(who: Person, handle: string, displayName: string): Promise<void> {
  const { page } = who
  await page.getByLabel('Name', { exact: true }).fill(handle)
  await page.getByLabel('What people call you').fill(displayName)
  await page.getByLabel('Password').fill(PASSWORD)
  await press(who, page.getByRole('button', { name: 'Move in' }))
}

/** Fills in the form of members that is on the page. */
export async function logIn(who: Person, handle: string, password = PASSWORD): Promise<void> {
  const { page } = who
  await page.getByLabel('Name', { exact: true }).fill(handle)
  await page.getByLabel('Password').fill(password)
  await press(who, page.getByRole('main').getByRole('button', { name: 'Log in' }))
}

/** Writes a post with the form that is on the page, for the readers of that label. */
export async function write(who: Person, text: string, readers?: string): Promise<void> {
  const { page } = who
  const form = page.locator('form.compose')
  await form.getByRole('textbox').first().fill(text)
  if (readers !== undefined) await form.getByLabel('Who may read it').selectOption({ label: readers })
  await press(who, form.getByRole('button', { name: /^(Post|Answer)$/ }))
}

/** The post on the page that says this. */
export const post = ({ page }: Person, text: string): Locator =>
  page.getByRole('article').filter({ hasText: text })

/** Opens a page again and again until it shows what another home or server had to send first. */
export const comes = (who: Person, path: string, what: Locator, seconds = 30): Promise<true> =>
  until(`${path} to show ${what}`, seconds, async () => {
    await who.open(path)
    return (await what.count()) > 0 && true
  })

/** Keeps a picture of the whole page in the folder named by HAMLET_SCREENSHOTS, if it is set. */
export async function keepPicture({ page }: Person, name: string): Promise<void> {
  const folder = process.env.HAMLET_SCREENSHOTS
  if (folder === undefined) return
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}
