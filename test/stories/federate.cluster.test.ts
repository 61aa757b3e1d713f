// Two communities, two sets of pods, real TLS and signatures between them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeVisitors, type Page, type Visitor } from '../visitor/visitor.ts'
import { type Hamlet, hamlet, member, post, shows } from './hamlet.ts'

let h: Hamlet
let ida: Visitor
let omar: Visitor

beforeAll(async () => {
  h = await hamlet()
  await Promise.all([h.apply('hill'), h.apply('shore')])
  await Promise.all([h.ready('hill'), h.ready('shore')])
  ida = await member(h.site('hill'), 'ida')
  omar = await member(h.site('shore'), 'omar')
})
afterAll(async () => {
  await h?.remove('hill')
  await h?.remove('shore')
  await closeVisitors()
})

/** The action of the first form of a kind on the post that has this text. */
function actionOn(page: Page, text: string, kind: string): string {
  const article = page.html.querySelectorAll('article').find((one) => one.text.includes(text))
  const form = article
    ?.querySelectorAll('form')
    .find((one) => one.getAttribute('action')?.endsWith(`/${kind}`))
  const action = form?.getAttribute('action')
  if (!action) throw new Error(`no form to ${kind} on the post "${text}"`)
  return action
}

async function act(person: Visitor, text: string, kind: string): Promise<void> {
  const page = await person.get('/home')
  await person.submit(page, actionOn(page, text, kind))
}

test('a follow, a post, a like, a boost, a reply, and the undoing of each', async () => {
  const found = await ida.get('/search?q=%40omar%40shore.localhost')
  expect(found.html.text).toContain('omar')
  await ida.submit(found, '/follow')
  await shows(omar, '/@omar/followers', 'ida')

  await post(omar, 'The tide is out')
  await shows(ida, '/home', 'The tide is out')

  await act(ida, 'The tide is out', 'like')
  await shows(omar, '/notifications', 'ida')
  await act(ida, 'The tide is out', 'boost')
  await act(ida, 'The tide is out', 'unlike')
  await act(ida, 'The tide is out', 'unboost')

  const home = await ida.get('/home')
  const link = home.html
    .querySelectorAll('article')
    .find((one) => one.text.includes('The tide is out'))
    ?.querySelectorAll('a')
    .map((a) => a.getAttribute('href') ?? '')
    .find((href) => href.endsWith('/reply'))
  if (!link) throw new Error('no link to reply')
  const form = await ida.get(link)
  await ida.submit(form, '/posts', { text: '@omar@shore.localhost Then we walk to the rocks' })
  await shows(omar, '/notifications', 'Then we walk to the rocks')

  await act(omar, 'The tide is out', 'delete')
  await shows(ida, '/home', 'The tide is out', false)

  const profile = await ida.get('/search?q=%40omar%40shore.localhost')
  await ida.submit(profile, '/unfollow')
  await shows(omar, '/@omar/followers', 'ida', false)
})

test('a post for followers reaches followers alone', async () => {
  await omar.submit(await omar.get('/search?q=%40ida%40hill.localhost'), '/follow')
  await shows(ida, '/@ida/followers', 'omar')
  await post(ida, 'For friends only', 'followers')
  await shows(omar, '/home', 'For friends only')
  const stranger = await member(h.site('shore'), 'pia')
  expect((await stranger.get('/local')).html.text).not.toContain('For friends only')
})
