import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { homeOf, makeInstance, type TestInstance } from '../../test/postgres/instances.ts'
import { join, PASSWORD } from '../../test/postgres/people.ts'
import { makeVisitor } from '../../test/visitor/in-process.ts'
import { isRefusal } from '../refusal.ts'
import { buildPublicApp } from '../server.ts'
import { knownBrowserValue } from './known-browser.ts'
import { changePassword, logIn } from './log-in.ts'

/** Of one name: five times what one address may. */
const OF_NAME = 2 * 5
let community: TestCommunity
let home: TestInstance
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'))
  const admin = new pg.Client({ connectionString: community.adminUrls.directory })
  await admin.connect()
  await admin.query('UPDATE settings SET log_ins_per_hour = 2')
  await admin.end()
  home = await makeInstance(homeOf(community, 1), 1)
  await join(home.instance, 'ana')
  await join(home.instance, 'ben')
})
afterAll(async () => {
  await home.close()
  await community.close()
})

let addresses = 0
/** Always from another address. */
async function attempt(handle: string, password: string, known?: string): Promise<string> {
  const n = addresses++
  const address = `192.0.${n >> 8}.${n & 255}`
  const result = await logIn(home.instance, { handle, password, address, known })
  return isRefusal(result) ? result.code : 'in'
}

test('wrong passwords for one name are counted from all addresses together, whether anybody has the name or not', async () => {
  for (const names of [['ana', '@ANA'], ['nobody']]) {
    const wrong = await Promise.all(
      Array.from({ length: OF_NAME + 3 }, (_, n) => attempt(names[n % names.length] ?? '', 'wrong horse')),
    )
    expect(wrong.filter((code) => code === 'wrong-log-in')).toHaveLength(OF_NAME)
    expect(wrong.filter((code) => code === 'too-many-for-name')).toHaveLength(3)
  }
  // Guessing on is no use to a stranger, though the guess be right.
  expect(await attempt('ana', PASSWORD)).toBe('too-many-for-name')
  expect(await attempt('ben', PASSWORD)).toBe('in')
})

test('a browser where the member has logged in before is not locked out by others', async () => {
  const known = knownBrowserValue(home.instance.secret, 'ana')
  expect(await attempt('ana', PASSWORD, known)).toBe('in')
  // But it may not guess for ever either, and it is known for one name alone.
  for (let n = 0; n < OF_NAME; n++) expect(await attempt('ana', 'wrong horse', known)).toBe('wrong-log-in')
  expect(await attempt('ana', PASSWORD, known)).toBe('too-many-for-name')
  expect(await attempt('nobody', PASSWORD, known)).toBe('too-many-for-name')
  for (const forged of ['', 'x', `${known}x`, known.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))]) {
    expect(await attempt('ana', PASSWORD, forged)).toBe('too-many-for-name')
  }
})

test('right passwords are no tries', async () => {
  for (let n = 0; n < OF_NAME + 2; n++) expect(await attempt('ben', PASSWORD)).toBe('in')
})

test('whoever is missing at their home since a restore is asked to come again, and has not tried anything', async () => {
  const { db } = home.instance
  await join(home.instance, 'dora')
  const app = await buildPublicApp(home.instance)
  const submit = async () => {
    const dora = makeVisitor(app, home.instance)
    await dora.get('/log-in')
    return dora.submit('/log-in', { handle: 'dora', password: PASSWORD })
  }
  const row = await db
    .selectFrom('members')
    .selectAll()
    .where('handle', '=', 'dora')
    .executeTakeFirstOrThrow()
  await db.deleteFrom('members').where('id', '=', row.id).execute()
  const pages = []
  for (let n = 0; n < OF_NAME + 2; n++) pages.push(await submit())
  expect(pages.map(({ status }) => status)).toEqual(pages.map(() => 503))
  expect(pages.at(-1)?.headers['retry-after']).toBeDefined()
  expect(pages.at(-1)?.html).toContain(
    'This account cannot be reached right now. Try again in a few seconds.',
  )
  expect(pages.at(-1)?.html).toContain('value="dora"')
  await db.insertInto('members').values(row).execute()
  expect((await submit()).path).toBe('/home')
  // Nor has whoever has just left, or not quite come.
  for (const state of ['leaving', 'staged']) {
    await db.updateTable('members').set({ state }).where('id', '=', row.id).execute()
    for (let n = 0; n < OF_NAME + 2; n++) expect(await attempt('dora', 'wrong horse')).toBe('elsewhere')
  }
  await db.updateTable('members').set({ state: 'active' }).where('id', '=', row.id).execute()
  expect(await attempt('dora', PASSWORD)).toBe('in')
  await app.close()
})

test('a session alone does not help to guess the password of its member', async () => {
  const member = await join(home.instance, 'cleo')
  const change = async () => {
    const result = await changePassword(
      home.instance,
      { ...member, role: 'member', csrf: '' },
      {
        current: 'wrong horse',
        next: 'a new long password',
        address: `198.51.100.${addresses++}`,
        cookie: member.session,
      },
    )
    return isRefusal(result) ? result.code : 'changed'
  }
  for (let n = 0; n < OF_NAME; n++) expect(await change()).toBe('wrong-password')
  expect(await change()).toBe('too-many-for-name')
})

test('logging in makes the browser known, and it stays so when the member logs out', async () => {
  const app = await buildPublicApp(home.instance)
  const ben = makeVisitor(app, home.instance)
  await ben.get('/log-in')
  await ben.submit('/log-in', { handle: `@Ben@${community.domain}`, password: PASSWORD })
  expect(ben.page.path).toBe('/home')
  await ben.get('/settings/profile')
  await ben.submit('/log-out')
  expect(ben.cookies.headerFor('/')).toBe('')
  expect(ben.cookies.headerFor('/log-in')).toMatch(/^hamlet_known_ben=[\w-]{16}\.[\w-]{43}$/)
  await app.close()
})
