import { expect, test } from 'vitest'
import { readCredentials } from './credentials.ts'
import { explain, Refused } from './errors.ts'

const read = (data: Record<string, string>) => readCredentials('mine', data)

test('credentials by keys or by URL', () => {
  const parts = { host: 'db', port: '6432', username: 'u', password: 'p\n' }
  expect(read(parts)).toMatchObject({
    ok: true,
    credentials: { host: 'db', port: 6432, username: 'u', password: 'p', database: 'postgres' },
  })
  expect(read({ url: 'postgres://u:p%40@db.example/admin?sslmode=require', 'ca.crt': 'PEM' })).toMatchObject({
    ok: true,
    credentials: {
      host: 'db.example',
      port: 5432,
      username: 'u',
      password: 'p@',
      database: 'admin',
      sslmode: 'require',
      ca: 'PEM',
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
