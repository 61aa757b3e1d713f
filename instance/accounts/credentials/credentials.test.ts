import { createSign, createVerify } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { namelessHandle } from '../../store/boots/given-up.ts'
import { foldHandle, refusedHandle } from './handle.ts'
import { makeKeyPairs, makeKeyPool } from './keys.ts'
import { limiter, makePasswords, refusedPassword } from './passwords.ts'

test('handles are folded, then 1 to 30 of a-z, 0-9 and _, and none that could pose as the community', () => {
  expect(foldHandle(' @Ana_1 ')).toBe('ana_1')
  for (const good of ['a', 'ana', 'a_1', '_', '9', 'x'.repeat(30)])
    expect(refusedHandle(good)).toBeUndefined()
  for (const bad of ['', 'x'.repeat(31), 'ána', 'a-b', 'a.b', 'a b', 'A', namelessHandle('7')]) {
    expect(refusedHandle(bad)).toMatchObject({ code: 'bad-handle' })
  }
  for (const name of ['admin', 'actor', 'inbox', 'moderator', 'log_in', 'hamlet']) {
    expect(refusedHandle(name), name).toMatchObject({ code: 'reserved-handle' })
  }
  fc.assert(
    fc.property(fc.string(), (typed) => {
      const handle = foldHandle(typed)
      if (!refusedHandle(handle)) expect(handle).toMatch(/^[a-z0-9_]{1,30}$/)
    }),
  )
})

test('passwords are measured in characters, not bytes', () => {
  expect(refusedPassword('🙂'.repeat(9), 'ana')).toMatchObject({ code: 'short-password' })
  expect(refusedPassword('🙂'.repeat(10), 'ana')).toBeUndefined()
  expect(refusedPassword('x'.repeat(501), 'ana')).toMatchObject({ code: 'long-password' })
  expect(refusedPassword('Ana_of_the_garden', 'ana_of_the_garden')).toMatchObject({
    code: 'password-is-handle',
  })
})

test('hashes are argon2id of 19 MiB and two passes, salted, and open only with their password', async () => {
  const passwords = makePasswords()
  const [a, b] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')])
  expect(a).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(a).not.toBe(b)
  expect(await passwords.verify('correct horse', a)).toBe(true)
  expect(await passwords.verify('wrong horse', a)).toBe(false)
  expect(await passwords.verify('anything', '')).toBe(false)
  expect(await passwords.verifyNobody('correct horse')).toBe(false)
})

test('a hash of the reference implementation is understood', async () => {
  // echo -n "password" | argon2 somesalt -id -t 2 -m 16 -p 1
  const reference = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  expect(await makePasswords().verify('password', reference)).toBe(true)
})

test('composed and decomposed characters are the same password', async () => {
  const passwords = makePasswords({ memory: 8, passes: 1, parallelism: 1 })
  expect(await passwords.verify('pa\u0308sswort-lang', await passwords.hash('p\u00e4sswort-lang'))).toBe(true)
})

test('never more than two run at a time, and all run', async () => {
  const limited = limiter(2)
  let running = 0
  let most = 0
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      limited(async () => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setImmediate(resolve))
        running--
        return n
      }),
    ),
  )
  expect(most).toBe(2)
  expect(results).toEqual(Array.from({ length: 20 }, (_, n) => n))
})

test('key pairs are RSA-2048 and Ed25519, exportable, and sign', async () => {
  const [rsa, ed25519] = await makeKeyPairs()
  expect(rsa.public_jwk).toMatchObject({ kty: 'RSA', alg: 'RS256' })
  expect(Buffer.from(rsa.public_jwk.n ?? '', 'base64url').length).toBe(256)
  expect(ed25519.public_jwk).toMatchObject({ kty: 'OKP', crv: 'Ed25519' })
  expect(rsa.public_jwk.d).toBeUndefined()
  const signed = createSign('sha256')
    .update('x')
    .sign({ key: { ...rsa.private_jwk }, format: 'jwk' })
  expect(
    createVerify('sha256')
      .update('x')
      .verify({ key: { ...rsa.public_jwk }, format: 'jwk' }, signed),
  ).toBe(true)
})

test('the pool gives nobody the same keys', async () => {
  let made = 0
  const pair = await makeKeyPairs()
  const pool = makeKeyPool({
    size: 2,
    make: async () => {
      made++
      return [pair[0], { ...pair[1] }]
    },
  })
  expect(pool.ready).toBe(0)
  pool.fill()
  const taken = await Promise.all(Array.from({ length: 5 }, () => pool.take()))
  expect(new Set(taken).size).toBe(5)
  expect(made).toBeGreaterThanOrEqual(5)
})
