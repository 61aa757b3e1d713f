import { expect, test } from 'vitest'
import { ConfigError, readConfig } from './config.ts'

const files: Record<string, string> = {
  '/run/hamlet/database-url': 'postgres://a:b@db/garden_1\n',
  '/run/hamlet/directory-url': 'postgres://a:b@db/garden_directory\n',
  '/run/hamlet/internal-key': '0123456789abcdef\n',
}
const read = (path: string) => {
  const text = files[path]
  if (text === undefined) throw new Error('ENOENT')
  return text
}
const env = { HAMLET_DOMAIN: 'garden.example', HAMLET_ORDINAL: '2' }
const problems = (given: Record<string, string>, reader = read): readonly string[] => {
  try {
    readConfig(given, reader)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
  }
  return []
}

test('what is given is checked and completed', () => {
  const config = readConfig(
    {
      ...env,
      HAMLET_EGRESS_ALLOW: '10.96.0.20/32, fd00::/8',
      HAMLET_EGRESS_HOSTS: '*.localhost=10.96.0.20',
      HAMLET_WAKE_URL: '',
    },
    read,
  )
  expect(config).toMatchObject({
    domain: 'garden.example',
    ordinal: 2,
    origin: 'https://garden.example',
    databaseUrl: 'postgres://a:b@db/garden_1',
    publicPort: 8080,
    internalPort: 8081,
    egress: { allow: ['10.96.0.20/32', 'fd00::/8'], hosts: new Map([['*.localhost', '10.96.0.20']]) },
    wakeUrl: undefined,
  })
})

test('every problem is named at once, with its remedy', () => {
  expect(problems({})).toEqual([
    'HAMLET_DOMAIN is missing: set it to the domain of the community',
    'HAMLET_ORDINAL is missing: set it to the number of this instance',
  ])
  expect(
    problems({ ...env, HAMLET_DOMAIN: 'Garden', HAMLET_ORDINAL: '0', HAMLET_EGRESS_ALLOW: '10.0.0.1' }),
  ).toEqual([
    'HAMLET_DOMAIN must be a domain in lower case, such as garden.example',
    'HAMLET_ORDINAL must be a number from 1 to 1023',
    'HAMLET_EGRESS_ALLOW must be networks such as 10.96.0.0/12, separated by commas',
  ])
  expect(problems({ ...env, HAMLET_EGRESS_HOSTS: 'a.localhost' })[0]).toContain(
    'HAMLET_EGRESS_HOSTS must be entries',
  )
  expect(problems(env, () => 'nonsense')).toEqual([
    '/run/hamlet/database-url must hold a connection string such as postgres://user:password@host/database',
    '/run/hamlet/directory-url must hold a connection string such as postgres://user:password@host/database',
    '/run/hamlet/internal-key must hold a key of at least 16 characters',
  ])
  expect(
    problems(env, () => {
      throw new Error('ENOENT')
    })[0],
  ).toContain('/run/hamlet/database-url cannot be read: mount')
})
