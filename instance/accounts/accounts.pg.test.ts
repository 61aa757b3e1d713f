import Fastify, { type FastifyInstance } from 'fastify'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeCommunity, type TestCommunity } from '../../test/postgres/databases.ts'
import { homeOf, makeInstance, makeTestSiblings, type TestInstance } from '../../test/postgres/instances.ts'
import { checkInvite, makeInvite } from '../directory/seats/invites.ts'
import { hashSecret } from '../directory/secrets.ts'
import { isRefusal, refusalText } from '../refusal.ts'
import { changePassword, logIn, logOut } from './log-in.ts'
import { checkPasswordReset, makePasswordReset, resetPassword } from './password-reset.ts'
import { csrfMatches, registerSessions, SESSION_COOKIE, type SignedIn } from './session.ts'
import { signUp } from './sign-up/sign-up.ts'

const PASSWORD = 'correct horse battery'
const address = '192.0.2.1'
let community: TestCommunity
let admin: pg.Client
let one: TestInstance
let two: TestInstance
let app: FastifyInstance
beforeAll(async () => {
  community = await makeCommunity(inject('postgresPort'), { homes: 2, cap: 3 })
  admin = new pg.Client({ connectionString: community.adminUrls.directory })
  await admin.connect()
  const network = makeTestSiblings()
  one = await makeInstance(homeOf(community, 1), 1, network)
  two = await makeInstance(homeOf(community, 2), 2, network)
  app = Fastify()
  await registerSessions(app, one.instance)
  app.get('/me', async (request) => request.member ?? {})
  app.post('/', async (request) => ({ csrf: csrfMatches(request, request.headers['x-csrf']) }))
})
afterAll(async () => {
  await app.close()
  await one.close()
  await two.close()
  await admin.end()
  await community.close()
})

async function join(
  handle: string,
  more: { inviteToken?: string; at?: TestInstance; follows?: string[] } = {},
) {
  const { at = one, ...rest } = more
  const result = await signUp(at.instance, { handle, password: PASSWORD, address, ...rest })
  if (!('done' in result)) throw new Error(JSON.stringify(result))
  return result
}
async function who(cookie: string): Promise<Partial<SignedIn>> {
  const answer = await app.inject({ url: '/me', cookies: { [SESSION_COOKIE]: cookie } })
  return answer.json()
}

test('the first organiser comes by the operator’s link, though nobody else is let in', async () => {
  await admin.query("UPDATE settings SET registration = 'Closed'")
  await admin.query('UPDATE meta SET revision = revision + 1')
  await one.instance.homes.refresh()
  const token = 'the operator made this'
  await admin.query("INSERT INTO invites (hash, role, uses_left) VALUES ($1, 'organiser', 1)", [
    hashSecret(token),
  ])
  const closed = await signUp(one.instance, { handle: 'ana', password: PASSWORD, address })
  expect(closed).toMatchObject({ code: 'closed' })
  expect(await checkInvite(one.instance, token)).toEqual({ role: 'organiser' })
  const { session, done } = await join('Ana', { inviteToken: token })
  expect(done).toMatchObject({ handle: 'ana', home: 1 })
  expect(await who(session)).toMatchObject({ handle: 'ana', role: 'organiser', epoch: 1 })
  expect(await checkInvite(one.instance, token)).toMatchObject({ code: 'bad-invite' })
  const account = await one.instance.db
    .selectFrom('accounts')
    .selectAll()
    .where('id', '=', done.id)
    .executeTakeFirst()
  expect(JSON.parse(account?.actor_json ?? '{}')).toMatchObject({
    id: `https://${community.domain}/users/ana`,
    preferredUsername: 'ana',
    publicKey: { publicKeyPem: expect.stringContaining('BEGIN PUBLIC KEY') },
  })
  await admin.query("UPDATE settings SET registration = 'Open'")
  await admin.query('UPDATE meta SET revision = revision + 1')
  await Promise.all([one.instance.homes.refresh(), two.instance.homes.refresh()])
})

test('names are checked before anything is kept, and a name is given once', async () => {
  const refused = async (handle: string, password = PASSWORD) => {
    const result = await signUp(one.instance, { handle, password, address })
    return isRefusal(result) ? result.code : 'let in'
  }
  expect(await refused('no spaces')).toBe('bad-handle')
  expect(await refused('Admin')).toBe('reserved-handle')
  expect(await refused('bea', 'short')).toBe('short-password')
  expect(await refused('ANA')).toBe('handle-taken')
})

test('guests are placed with whoever invited them, and others near the people they will follow', async () => {
  // The organiser lives at 1, which is the fullest; somebody else is put at 2.
  await admin.query("UPDATE instances SET state = 'Draining' WHERE ordinal = 1")
  const bea = await join('bea')
  expect(bea.done.home).toBe(2)
  await admin.query("UPDATE instances SET state = 'Active' WHERE ordinal = 1")
  const invite = await makeInvite(two.instance, bea.done)
  if (isRefusal(invite)) throw new Error(invite.code)
  expect(await checkInvite(one.instance, invite.token)).toEqual({ role: 'member', inviter: 'bea' })
  expect((await join('cleo', { inviteToken: invite.token })).done.home).toBe(2)
  const used = await signUp(one.instance, {
    handle: 'dora',
    password: PASSWORD,
    address,
    inviteToken: invite.token,
  })
  expect(used).toMatchObject({ code: 'bad-invite' })
  expect((await join('dora', { follows: ['ana'] })).done.home).toBe(1)
})

test('log-in is at the home, and tells nobody which names exist', async () => {
  expect(await logIn(one.instance, { handle: 'bea', password: PASSWORD, address })).toMatchObject({
    code: 'elsewhere',
  })
  for (const handle of ['ana', 'nobody']) {
    const wrong = await logIn(one.instance, { handle, password: 'wrong horse battery', address })
    expect(wrong).toMatchObject({ code: 'wrong-log-in' })
  }
  const right = await logIn(one.instance, { handle: '@ANA', password: PASSWORD, address, userAgent: 'Test' })
  const typed = (handle: string) => logIn(one.instance, { handle, password: PASSWORD, address })
  for (const whole of [`ana@${community.domain}`, ` @Ana@${community.domain.toUpperCase()}`])
    expect(await typed(whole)).toMatchObject({ handle: 'ana' })
  for (const other of ['ana@far.example', `ana@x@${community.domain}`])
    expect(await typed(other)).toMatchObject({ code: 'wrong-log-in' })
  if (isRefusal(right)) throw new Error(right.code)
  const member = await who(right.session)
  expect(member.handle).toBe('ana')

  // The token of the form belongs to the session.
  const post = (csrf: string, headers = {}) =>
    app.inject({
      url: '/',
      method: 'POST',
      cookies: { [SESSION_COOKIE]: right.session },
      headers: { 'x-csrf': csrf, ...headers },
    })
  expect((await post(member.csrf ?? '')).json()).toEqual({ csrf: true })
  expect((await post('other')).json()).toEqual({ csrf: false })
  expect((await post(member.csrf ?? '', { origin: 'https://evil.example' })).statusCode).toBe(403)

  const ref = { id: member.id ?? '', epoch: 1 }
  expect(await logOut(one.instance, ref, right.session)).toBe(true)
  expect(await who(right.session)).toEqual({})
  for (const broken of ['', 'x', `${ref.id}.`, `9.${'A'.repeat(43)}`, `${ref.id}.${'A'.repeat(43)}`]) {
    expect(await who(broken)).toEqual({})
  }
})

test('a changed password ends all other sessions, and needs the one before', async () => {
  const open = async (password: string) => {
    const result = await logIn(one.instance, { handle: 'dora', password, address })
    if (isRefusal(result)) throw new Error(result.code)
    return result.session
  }
  const [mine, other] = [await open(PASSWORD), await open(PASSWORD)]
  const dora = (await who(mine)) as SignedIn
  const change = (current: string, next: string) =>
    changePassword(one.instance, dora, { current, next, address, cookie: mine })
  expect(await change('wrong horse battery', 'a new long password')).toMatchObject({ code: 'wrong-password' })
  expect(await change(PASSWORD, 'short')).toMatchObject({ code: 'short-password' })
  expect(await change(PASSWORD, 'a new long password')).toBe(true)
  expect((await who(mine)).handle).toBe('dora')
  expect(await who(other)).toEqual({})
  expect(await logIn(one.instance, { handle: 'dora', password: PASSWORD, address })).toMatchObject({
    code: 'wrong-log-in',
  })
  await open('a new long password')
})

test('an organiser’s link sets a password once, at the member’s home wherever it is opened', async () => {
  const organiser = { id: '1', handle: 'ana', epoch: 1, role: 'organiser', csrf: '' } as const
  expect(await makePasswordReset(one.instance, { ...organiser, role: 'member' }, 'bea')).toMatchObject({
    code: 'forbidden',
  })
  expect(await makePasswordReset(one.instance, organiser, 'nobody')).toMatchObject({ code: 'unknown-name' })
  const old = await makePasswordReset(one.instance, organiser, 'bea')
  const link = await makePasswordReset(one.instance, organiser, `@Bea@${community.domain}`)
  if (isRefusal(link) || isRefusal(old)) throw new Error('no link')
  expect(await checkPasswordReset(one.instance, old.token)).toMatchObject({ code: 'bad-reset' })
  expect(await checkPasswordReset(one.instance, link.token)).toMatchObject({ handle: 'bea', home: 2 })
  const reset = (password: string) => resetPassword(one.instance, { token: link.token, password, address })
  expect(await reset('short')).toMatchObject({ code: 'short-password' })
  expect(await reset('a new long password')).toEqual({ handle: 'bea' })
  expect(await reset('another long password')).toMatchObject({ code: 'bad-reset' })
  expect(
    await logIn(two.instance, { handle: 'bea', password: 'a new long password', address }),
  ).toMatchObject({
    session: expect.any(String),
  })
})

test('too many tries of one client are refused with the time to wait, at whichever instance', async () => {
  await admin.query('UPDATE settings SET log_ins_per_hour = 3')
  await admin.query('UPDATE meta SET revision = revision + 1')
  await Promise.all([one.instance.homes.refresh(), two.instance.homes.refresh()])
  const attempt = (at: TestInstance, from: string) =>
    logIn(at.instance, { handle: 'nobody', password: PASSWORD, address: from })
  // One IPv6 network is one client.
  for (const from of ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::1']) {
    expect(await attempt(one, from)).toMatchObject({ code: 'wrong-log-in' })
  }
  const refused = await attempt(two, '2001:db8::4')
  expect(refused).toMatchObject({ code: 'too-many', retryAfter: expect.any(Number) })
  if (!isRefusal(refused)) throw new Error('let in')
  expect(refused.retryAfter).toBeGreaterThan(3_500)
  expect(refusalText(refused)).toBe('Too many tries from your address. Try again in 60 minutes.')
  expect(await attempt(two, '2001:db8:1::4')).toMatchObject({ code: 'wrong-log-in' })
  const stored = await community.directory.selectFrom('rate_limits').select('bucket').execute()
  expect(JSON.stringify(stored)).not.toContain('2001')
})
