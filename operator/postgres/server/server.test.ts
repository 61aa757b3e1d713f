import fc from 'fast-check'
import selfsigned from 'selfsigned'
import { expect, test } from 'vitest'
import { databaseUrl, passwordOf } from '../../build/database-url.ts'
import { readCredentials } from './credentials.ts'
import { explain, Refused } from './errors.ts'

const { cert: pem } = await selfsigned.generate([{ name: 'commonName', value: 'CA' }], { keySize: 2048 })
const read = (data: Record<string, string>) => readCredentials('mine', data)

test('credentials by keys or by URL', () => {
  const parts = { host: 'db', port: '6432', username: 'u', password: 'p\n' }
  expect(read(parts)).toMatchObject({
    ok: true,
    credentials: { host: 'db', port: 6432, username: 'u', password: 'p', database: 'postgres' },
  })
  expect(read({ url: 'postgres://u:p%40@db.example/admin?sslmode=require', 'ca.crt': pem })).toMatchObject({
    ok: true,
    credentials: {
      host: 'db.example',
      port: 5432,
      username: 'u',
      password: 'p@',
      database: 'admin',
      sslmode: 'require',
      ca: pem,
    },
  })
})

test('what is missing or wrong is named, with the Secret', () => {
  expect(read({ host: 'db', port: 'x' })).toMatchObject({
    ok: false,
    problem: {
      code: 'DatabaseSecretInvalid',
      message: expect.stringMatching(/^Secret mine: keys port, username, password missing or wrong/),
    },
  })
  expect(read({ url: 'mysql://x' })).toMatchObject({
    ok: false,
    problem: { message: expect.stringContaining('key url must look like postgres://') },
  })
})

test('whatever a Secret says, it is refused with a message or fits into the URLs of instances', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'a b',
      'db/x',
      'u@db',
      'db:1',
      '[::1]',
      '::1',
      'fe80::1%eth0',
      '%zz',
      '100%',
      'db.example',
      '10.0.0.1',
      '[',
      '#',
    ),
  )
  const url = fc
    .tuple(text, text, text, text)
    .map(([user, password, host, name]) => `postgres://${user}:${password}@${host}/${name}`)
  const keys = {
    url,
    host: text,
    port: text,
    username: text,
    password: text,
    database: text,
    sslmode: text,
    'ca.crt': text,
  }
  fc.assert(
    fc.property(fc.record(keys, { requiredKeys: [] }), (data) => {
      const result = read(data)
      if (!result.ok) {
        expect(result.problem.message).toContain('Secret mine: key')
        return
      }
      const { credentials } = result
      const made = new URL(databaseUrl(credentials, 'garden_1', 'p%'))
      expect(made.hostname.replace(/^\[|\]$/g, '')).toBe(credentials.host)
      expect(made).toMatchObject({
        port: String(credentials.port),
        pathname: '/garden_1',
        username: 'garden_1',
        hash: '',
      })
      expect(passwordOf(made.href)).toBe('p%')
    }),
    { numRuns: 3000 },
  )
  const parts = { host: 'db', username: 'u', password: 'p' }
  const message = (data: Record<string, string>) => {
    const result = read(data)
    return result.ok ? '' : result.problem.message
  }
  expect(message({ ...parts, host: 'my host' })).toContain('key host missing or wrong')
  expect(message({ ...parts, 'ca.crt': 'no certificate' })).toContain('key ca.crt missing or wrong')
  expect(message({ url: 'postgres://u:100%@db/x' })).toContain('write a % itself as %25')
})

test('a password in a URL that was changed by hand is none', () => {
  expect(passwordOf('postgres://u:%zz@db/x')).toBeUndefined()
  expect(passwordOf('nonsense')).toBeUndefined()
})

test('errors become reasons with remedies; passwords are in none', () => {
  const at = { host: 'db', port: 5432, username: 'u' }
  const error = (code: string, message = 'said') => Object.assign(new Error(message), { code })
  const reason = (code: string, message?: string) => explain(error(code, message), at)?.reason
  expect(reason('ECONNREFUSED')).toBe('DatabaseUnreachable')
  expect(reason('', 'timeout expired')).toBe('DatabaseUnreachable')
  expect(reason('', 'Connection terminated unexpectedly')).toBe('DatabaseUnreachable')
  expect(reason('57P03')).toBe('DatabaseUnreachable')
  expect(reason('53300')).toBe('DatabaseFull')
  expect(reason('28P01')).toBe('DatabaseRefused')
  expect(reason('42501')).toBe('DatabaseRefused')
  expect(reason('XX000')).toBe('DatabaseRefused')
  expect(reason('', 'self-signed certificate')).toBe('DatabaseRefused')
  expect(explain(new AggregateError([error('ECONNREFUSED')]), at)?.reason).toBe('DatabaseUnreachable')
  expect(explain(new Refused({ reason: 'PoolerFound', message: 'm' }), at)?.message).toBe('m')
  expect(explain(new TypeError('a bug'), at)).toBeUndefined()
})
