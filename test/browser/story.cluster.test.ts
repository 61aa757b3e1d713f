// What people do at a screen, once with scripts and once without, on a phone and on a desk.
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Hamlet, hamlet, member, post as send, shows } from '../stories/hamlet.ts'
import { closeVisitors, type Visitor } from '../visitor/visitor.ts'
import { chromium } from './chromium.ts'
import { inspect } from './inspect.ts'
import { comes, DESK, logIn, moveIn, type Person, PHONE, person, post, press, write } from './person.ts'

const description = 'Bread, boats and long evenings: the people around the old bridge.'
/** A name, a word and an address that fit on no phone. */
const long = { name: `Ana ${'Wolkenkuckucksheim'.repeat(3)}`, word: 'Donau'.repeat(30) }
const address = `https://example.org/${'a-long-way/'.repeat(20)}`

let h: Hamlet
let browser: Browser
/** A person of each community whom those of the other one look for. */
const friends = new Map<string, Visitor>()

beforeAll(async () => {
  h = await hamlet()
  await Promise.all(['lane', 'mill'].map((name) => h.apply(name, { description })))
  await Promise.all(['lane', 'mill'].map((name) => h.ready(name)))
  browser = await chromium([h.site('lane'), h.site('mill')])
  for (const name of ['lane', 'mill']) friends.set(name, await member(h.site(name), `otto_${name}`))
})
afterAll(async () => {
  await browser?.close()
  await Promise.all(['lane', 'mill'].map((name) => h?.remove(name)))
  await closeVisitors()
})

describe.each([
  { how: 'with scripts', javaScript: true, town: 'lane', other: 'mill' },
  { how: 'without scripts', javaScript: false, town: 'mill', other: 'lane' },
])('$how', ({ javaScript, town, other }) => {
  let ana: Person
  let ben: Person
  let passer: Person
  const everybody = () => [ana, ben, passer]

  beforeAll(async () => {
    ana = await person(browser, h.site(town), { javaScript, screen: PHONE })
    ben = await person(browser, h.site(town), { javaScript, screen: DESK })
    passer = await person(browser, h.site(town), { javaScript, screen: DESK })
  })
  afterEach(() => {
    expect(everybody().flatMap((one) => one?.complaints.take() ?? [])).toEqual([])
  })
  afterAll(async () => {
    for (const one of everybody()) await one?.close()
  })

  test('the organiser takes up the invitation; another moves in at the front door', async () => {
    await ana.open(await h.invitation(town))
    expect(await ana.page.getByRole('heading', { level: 1 }).textContent()).toBe(`Open The ${town}`)
    await moveIn(ana, 'ana', 'Ana')
    await ana.page.waitForURL('**/home')

    await ben.open('/')
    await press(ben, ben.page.getByRole('link', { name: 'Sign up' }))
    // What the browser itself finds missing never reaches the server.
    await ben.page.getByRole('button', { name: 'Move in' }).click()
    expect(new URL(ben.page.url()).pathname).toBe('/sign-up')
    await moveIn(ben, 'ben', 'Ben')
    await ben.page.waitForURL('**/home')
  })

  test('a name that is taken is told beside its field, and nothing typed is lost', async () => {
    await passer.open('/sign-up')
    await moveIn(passer, 'ana', 'Another Ana')
    const name = passer.page.getByLabel('Name', { exact: true })
    expect(await name.getAttribute('aria-invalid')).toBe('true')
    expect(await name.inputValue()).toBe('ana')
    expect(await passer.page.getByLabel('What people call you').inputValue()).toBe('Another Ana')
    expect(await passer.page.locator('#handle-wrong').textContent()).toMatch(/somebody has/i)
    expect(passer.complaints.take().every((said) => said.includes('/sign-up'))).toBe(true)
  })

  test('out, and in again, which a wrong password does not do', async () => {
    await ana.open('/settings/profile')
    await press(ana, ana.page.getByRole('button', { name: 'Log out' }))
    await press(ana, ana.page.getByRole('link', { name: 'Log in' }).first())
    await logIn(ana, 'ana', 'something else entirely')
    expect(await ana.page.getByRole('alert').count()).toBe(1)
    expect(ana.complaints.take().every((said) => said.includes('/log-in'))).toBe(true)
    await logIn(ana, 'ana')
    await ana.page.waitForURL('**/home')
  })

  test('a post for each audience is read by those it is for', async () => {
    await write(ana, 'The bridge is open again')
    await write(ana, 'Come to my birthday', 'Followers')
    await write(ana, 'The key is under the mat', 'Only my instance')
    for (const text of ['The bridge is open again', 'Come to my birthday', 'The key is under the mat']) {
      expect(await post(ana, text).count(), text).toBe(1)
    }

    await ben.open('/local')
    expect(await post(ben, 'The bridge is open again').count()).toBe(1)
    expect(await post(ben, 'The key is under the mat').count()).toBe(1)
    expect(await post(ben, 'Come to my birthday').count()).toBe(0)

    for (const path of ['/', '/local', '/@ana']) {
      await comes(passer, path, post(passer, 'The bridge is open again'))
      expect(await post(passer, 'The key is under the mat').count(), path).toBe(0)
      expect(await post(passer, 'Come to my birthday').count(), path).toBe(0)
    }
  })

  test('somebody is followed, liked, boosted, answered', async () => {
    await ben.open('/@ana')
    await press(ben, ben.page.getByRole('button', { name: 'Follow Ana' }))
    await ben.page.getByRole('button', { name: 'Unfollow Ana' }).waitFor()
    await ben.open('/home')
    expect(await post(ben, 'Come to my birthday').count()).toBe(1)

    const bridge = post(ben, 'The bridge is open again')
    for (const verb of ['Like', 'Boost']) {
      await bridge.getByRole('button', { name: verb }).click()
      await bridge.locator(`.${verb.toLowerCase()}[aria-pressed=true]`).first().waitFor()
    }
    await press(ben, bridge.first().getByRole('link', { name: 'Reply' }))
    await write(ben, '@ana Then I will bring the cart')

    await ana.open('/home')
    await press(ana, ana.page.getByRole('link', { name: /News/ }))
    for (const said of [/follows you/, /likes your post/, /boosted your post/, /bring the cart/]) {
      expect(await ana.page.getByRole('main').getByText(said).count(), String(said)).toBeGreaterThan(0)
    }
    await press(ana, ana.page.getByRole('link', { name: 'wrote to you' }))
    const answer = post(ana, 'bring the cart')
    await press(ana, answer.getByRole('link', { name: 'Reply' }))
    await write(ana, '@ben Bring two')
    await ben.open('/notifications')
    expect(await ben.page.getByText('Bring two').count()).toBe(1)
  })

  test('a post is changed, and readers see that it was', async () => {
    await write(await at(ana, '/home'), 'Soup at sicks')
    const soup = post(ana, 'Soup at sicks')
    await soup.locator('summary').click()
    await press(ana, soup.getByRole('link', { name: 'Edit this post' }))
    const form = ana.page.locator('form.compose')
    expect(await form.getByRole('textbox').first().inputValue()).toBe('Soup at sicks')
    await form.getByRole('textbox').first().fill('Soup at six')
    await press(ana, form.getByRole('button', { name: 'Save' }))
    await ben.open('/local')
    expect(await post(ben, 'Soup at six').getByText('Edited').count()).toBe(1)
    expect(await post(ben, 'Soup at sicks').count()).toBe(0)
  })

  test('a post is deleted, and its address says so', async () => {
    await write(await at(ana, '/home'), 'Said in haste')
    const haste = post(ana, 'Said in haste')
    const link = await haste.locator('.when a').getAttribute('href')
    await haste.locator('summary').click()
    await press(ana, haste.getByRole('button', { name: 'Delete this post' }))
    expect(await haste.count()).toBe(0)
    await ana.open(link ?? '')
    expect(await ana.page.getByText('deleted by its author').count()).toBe(1)
    expect(ana.complaints.take().every((said) => said.includes(link ?? '-'))).toBe(true)
    await ben.open('/local')
    expect(await post(ben, 'Said in haste').count()).toBe(0)
  })

  test('somebody of another community is found by their whole name and followed', async () => {
    const friend = friends.get(other)
    if (!friend) throw new Error(`nobody lives at ${other}`)
    await ana.open('/search')
    await ana.page.getByRole('searchbox').fill(`@otto_${other}@${other}.localhost`)
    await press(ana, ana.page.getByRole('main').getByRole('button', { name: 'Search' }))
    await press(ana, ana.page.getByRole('button', { name: `Follow otto_${other}` }))
    await ana.page.getByRole('button', { name: /Unfollow|Take back/ }).waitFor()
    await shows(friend, `/@otto_${other}/followers`, 'Ana')
    await send(friend, `Greetings from the ${other}`)
    await comes(ana, '/home', post(ana, `Greetings from the ${other}`))
  })

  test('a new name, some words and a picture', async () => {
    const png = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#3a7d5c' } })
      .composite([
        {
          input: Buffer.from(
            '<svg width="640" height="480"><circle cx="320" cy="240" r="150" fill="#f3c66b"/></svg>',
          ),
        },
      ])
      .png()
      .toBuffer()
    await ana.open('/settings/profile')
    await ana.page.getByLabel('What people call you').fill('Ana of the Bridge')
    await ana.page.getByLabel('About you').fill('I keep the ferry. https://example.org/ferry #boats')
    await ana.page.getByLabel('Picture', { exact: true }).setInputFiles({
      name: 'ana.png',
      mimeType: 'image/png',
      buffer: png,
    })
    await press(ana, ana.page.getByRole('button', { name: 'Save' }))
    await ana.page.getByText('Saved.').waitFor()

    await press(ana, ana.page.getByRole('navigation').getByRole('link', { name: 'You' }))
    await ana.page.getByRole('heading', { name: 'Ana of the Bridge' }).waitFor()
    expect(await ana.page.getByText('I keep the ferry.').count()).toBe(1)
    const width = await ana.page.evaluate<number>(`(async () => {
      const picture = document.querySelector('.profile img.avatar')
      await picture.decode()
      return picture.naturalWidth
    })()`)
    expect(width).toBeGreaterThan(0)
  })

  test('every page fits a phone, shuts nobody out and makes the browser complain of nothing', async () => {
    await ben.open('/home')
    await write(ben, `${long.word} ${address} @otto_${other}@${other}.localhost #${'Sommer'.repeat(12)}`)
    await ben.open('/settings/profile')
    await ben.page.getByLabel('What people call you').fill(long.name.slice(0, 50))
    await ben.page.getByLabel('About you').fill(`${long.word} ${address}`)
    await press(ben, ben.page.getByRole('button', { name: 'Save' }))
    await ben.page.getByText('Saved.').waitFor()

    await ana.open('/local')
    const thread = await post(ana, 'The bridge is open again').locator('.when a').getAttribute('href')
    const own = [
      '/home',
      '/local',
      '/notifications',
      '/@ana',
      '/@ben',
      '/@ana/followers',
      thread ?? '/nothing',
      `/posts/${thread?.split('/').at(-1)}/edit`,
      '/compose',
      '/search?q=ana',
      '/invite',
      '/settings/profile',
    ]
    const anybodys = ['/', '/sign-up', '/log-in', '/@ana', '/@ben', '/local']
    const day = { screen: 'phone', colours: 'light', barriers: javaScript } as const
    expect(await inspect(ana, own, day)).toEqual([])
    expect(await inspect(passer, anybodys, day)).toEqual([])
    if (!javaScript) return
    const night = { screen: 'desk', colours: 'dark', barriers: true } as const
    expect(await inspect(ana, ['/home', '/@ben', '/notifications', '/settings/profile'], night)).toEqual([])
    expect(await inspect(passer, ['/', '/sign-up'], night)).toEqual([])
  })
})

async function at(who: Person, path: string): Promise<Person> {
  await who.open(path)
  return who
}
