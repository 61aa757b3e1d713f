// A whole community of two homes: every page and document is the same, whichever instance takes the request.
import { request } from 'undici'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startCommunity } from '../../test/instances.ts'
import { isRefusal } from '../refusal.ts'

let community: Awaited<ReturnType<typeof startCommunity>>
const homeOf = new Map<string, number>()

beforeAll(async () => {
  community = await startCommunity({ postgresPort: inject('postgresPort') }, { homes: 2, cap: 2 })
  const { signUp, newSignUpToken } = await import('../accounts/sign-up/sign-up.ts')
  for (const handle of ['ana', 'bo', 'cy', 'dee']) {
    const done = await signUp(community.running(1).instance, {
      token: newSignUpToken(),
      handle,
      password: 'correct horse battery',
      displayName: handle.toUpperCase(),
      address: '192.0.2.1',
    })
    if (isRefusal(done) || !('done' in done)) throw new Error(`${handle}: ${JSON.stringify(done)}`)
    homeOf.set(handle, done.done.home)
  }
})
afterAll(() => community.close())

test('four people with two seats each have two homes', () => {
  expect([...homeOf.values()].sort()).toEqual([1, 1, 2, 2])
})

test('health of both', async () => {
  for (const ordinal of [1, 2]) {
    const { internalPort } = community.running(ordinal)
    const answer = await request(`http://127.0.0.1:${internalPort}/readyz`)
    await answer.body.dump()
    expect(answer.statusCode).toBe(200)
  }
})
