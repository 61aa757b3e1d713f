import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../../test/postgres/databases.ts'
import {
  homeOf,
  makeInstance,
  makeTestSiblings,
  type TestInstance,
} from '../../../test/postgres/instances.ts'
import { must } from '../../../test/postgres/lives.ts'
import { type Mover, makeMover } from '../../../test/postgres/moves.ts'
import { PASSWORD } from '../../../test/postgres/people.ts'
import { makeVisitor, type Visitor } from '../../../test/visitor/in-process.ts'
import { changeDirectory } from '../../directory/change.ts'
import { readMove } from '../../directory/moves/read.ts'
import { noteRebalance } from '../../directory/moves/rebalances.ts'
import { activate } from '../../move/arriving/activate.ts'
import { buildPublicApp } from '../../server.ts'

let community: TestCommunity
let homes: TestInstance[]
let apps: FastifyInstance[]
let mover: Mover
const network = makeTestSiblings()
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 2, cap: 10 })
  homes = await Promise.all([1, 2].map((n) => makeInstance(homeOf(community, n), n, network)))
  apps = await Promise.all(homes.map(({ instance }) => buildPublicApp(instance)))
  for (const app of apps) await app.ready()
  mover = makeMover(community, network)
})
afterAll(async () => {
  await mover.close()
  for (const app of apps) await app.close()
  for (const home of homes) await home.close()
  await community.close()
})

const at = (ordinal: number) => {
  const [home, app] = [homes[ordinal - 1], apps[ordinal - 1]]
  if (!home || !app) throw new Error(`no home ${ordinal}`)
  return { instance: home.instance, app }
}
async function signUp(handle: string): Promise<Visitor> {
  const { instance, app } = at(1)
  const person = makeVisitor(app, instance)
  await person.get('/sign-up')
  await person.submit('/sign-up', { handle, password: PASSWORD })
  expect(person.page.path).toBe('/home')
  await instance.homes.refresh()
  return person
}
async function logIn(handle: string, ordinal: number): Promise<Visitor> {
  const { instance, app } = at(ordinal)
  const person = makeVisitor(app, instance)
  await person.get('/log-in')
  await person.submit('/log-in', { handle, password: PASSWORD })
  return person
}
const idOf = (handle: string) => at(1).instance.homes.byHandle(handle)?.id ?? ''
const title = () => at(1).instance.settings().title
const count = (html: string, text: string) => html.split(text).length - 1

test('the page says where one lives and keeps what one wishes, by a form alone', async () => {
  const ana = await signUp('ana')
  await signUp('ben')
  expect((await ana.get('/settings/profile')).html).toContain('href="/settings/home"')
  await ana.get('/settings/home')
  expect(ana.page.html).toContain(`<h2>${title()} 1</h2>`)
  expect(ana.page.html).toContain('You have lived here since')
  const saved = await ana.submit('/settings/home', { choice: 'stay', names: 'Ben' })
  expect(saved.path).toBe('/settings/home?saved=yes')
  expect(saved.html).toMatch(/<input [^>]*value="stay"[^>]* checked/)
  expect(saved.html).toContain('value="@ben"')
  expect(saved.html).not.toContain('/settings/moves')
})

test('what is wrong with a name stands beside it, and nothing typed is lost', async () => {
  const cleo = await signUp('cleo')
  await cleo.get('/settings/home')
  const page = await cleo.submit('/settings/home', { choice: 'move', names: 'ana, "nobody" @ben' })
  expect(page.status).toBe(422)
  expect(page.html).toContain('id="names-wrong">Nobody called &quot;nobody&quot; lives in this community.')
  expect(page.html).toContain('value="ana, &quot;nobody&quot; @ben"')
  expect(page.html).toMatch(/<input [^>]*value="move"[^>]* checked/)
  expect((await cleo.post('/settings/home', { csrf: 'old', names: 'kept' })).html).toContain('value="kept"')
  expect(cleo.page.status).toBe(403)
  const nobody = makeVisitor(at(1).app, at(1).instance)
  expect((await nobody.get('/settings/home')).status).toBe(401)
  expect((await nobody.post('/settings/home', { choice: 'move' })).status).toBe(401)
})

test('who is moved is told before on every page and after once, however often they are activated', async () => {
  const dora = await signUp('dora')
  const before = `You are about to move to ${title()} 2. Nothing else changes.`
  const after = `You now live in ${title()} 2. Nothing else changed.`
  const undone = must(await mover.begin(idOf('dora'), 2))
  await mover.driveTo(undone.id, 'copied')
  for (const path of ['/home', '/settings/home']) expect((await dora.get(path)).html).toContain(before)
  await mover.abandon(undone.id, 'wanted')
  expect(await mover.drive(undone.id)).toMatchObject({ is: 'undone' })
  expect((await dora.get('/notifications')).html).not.toContain(`${title()} 2`)

  const begun = must(await mover.begin(idOf('dora'), 2))
  await mover.driveTo(begun.id, 'frozen')
  expect((await dora.get('/local')).html).toContain(before)
  await mover.driveTo(begun.id, 'activated')
  const { attempt = 0 } = (await readMove(community.directory, begun.id)) ?? {}
  must(await activate(at(2).instance, { move: begun.id, attempt }))
  expect(await mover.drive(begun.id)).toEqual({ is: 'done' })
  must(await activate(at(2).instance, { move: begun.id, attempt: attempt + 1 }))

  const there = await logIn('dora', 2)
  await there.get('/notifications')
  expect(count(there.page.html, after)).toBe(1)
  expect(there.page.html).toContain('class="badge">1')
  expect(there.page.html).not.toContain('You are about to move')
  await there.submit('/notifications/read')
  must(await activate(at(2).instance, { move: begun.id, attempt: attempt + 1 }))
  expect((await there.get('/notifications')).html).not.toContain('class="badge"')
  expect((await there.get('/settings/home')).html).toContain(`<h2>${title()} 2</h2>`)

  expect(await mover.move(idOf('dora'), 1)).toEqual({ is: 'done' })
  await dora.get('/notifications')
  expect(count(dora.page.html, 'You now live in')).toBe(1)
  expect(dora.page.html).toContain(`You now live in ${title()} 1. Nothing else changed.`)
  expect(dora.page.html).toContain('class="badge">1')
})

test('who looks after a home sees how many moved and why, and no names; others do not', async () => {
  const eva = await signUp('eva')
  expect((await eva.get('/settings/moves')).status).toBe(403)
  const { db, directory } = at(1).instance
  await db.updateTable('members').set({ role: 'moderator' }).where('handle', '=', 'eva').execute()
  expect((await eva.get('/settings/home')).html).toContain('href="/settings/moves"')
  for (const handle of ['ana', 'ben']) {
    const begun = must(await mover.begin(idOf(handle), 2))
    const note = {
      id: 'r1',
      reason: 'Overflow',
      keptBefore: handle === 'ana' ? 61 : 60,
      keptAfter: 74,
    } as const
    must(
      await changeDirectory(mover.deps.directory, async (tx) => {
        await noteRebalance(tx, note)
        await tx.updateTable('moves').set({ rebalance: 'r1' }).where('id', '=', begun.id).execute()
        return true
      }),
    )
    await mover.drive(begun.id)
  }
  const { html } = await eva.get('/settings/moves')
  expect(html).toContain('A home had more people than seats.')
  expect(html).toContain(`2 people moved from ${title()} 1 to ${title()} 2.`)
  expect(html).toContain('61 % were within one home before, and 74 %')
  // Of the test before, which belonged to no Rebalance.
  expect(html).toContain(`One person moved from ${title()} 2 to ${title()} 1.`)
  expect(html).toContain('One move was given up: nothing changed for that person.')
  for (const name of ['ana', 'ben', 'dora']) expect(html).not.toMatch(new RegExp(`\\b${name}\\b`))
  await expect(
    directory.insertInto('rebalances').values({ id: 'r2', reason: 'Overflow' }).execute(),
  ).rejects.toThrow('permission denied')
})

test('who looks after a home sees that a plan waits for approval, how many would move and why, and that it waits no more', async () => {
  const fay = await signUp('fay')
  const { db, directory } = at(1).instance
  await db.updateTable('members').set({ role: 'moderator' }).where('handle', '=', 'fay').execute()
  const page = async (proposed: { proposed_moves: number | null; proposed_reason: string | null }) => {
    must(
      await changeDirectory(mover.deps.directory, async (tx) => {
        await tx.updateTable('settings').set(proposed).execute()
        return true
      }),
    )
    return (await fay.get('/settings/moves')).html
  }
  const many = await page({ proposed_moves: 12, proposed_reason: 'Draining' })
  expect(many).toContain('A plan waits for approval')
  expect(many).toContain('A home is closed.')
  expect(many).toContain('12 people would move.')
  const unknown = await page({ proposed_moves: null, proposed_reason: 'Asked' })
  expect(unknown).toContain('How many people would move is not known yet.')
  expect(await page({ proposed_moves: null, proposed_reason: null })).not.toContain('waits for approval')
  await expect(directory.updateTable('settings').set({ proposed_moves: 1 }).execute()).rejects.toThrow(
    'permission denied',
  )
})
