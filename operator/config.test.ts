import { expect, test } from 'vitest'
import { readConfig } from './config.ts'

const given = { HAMLET_NAMESPACE: 'hamlet', HAMLET_INSTANCE_IMAGE: 'hamlet:1' }

test('what is needed is enough', () => {
  expect(readConfig(given)).toMatchObject({
    namespace: 'hamlet',
    watch: ['hamlet'],
    image: 'hamlet:1',
    postgres: undefined,
    caSecret: undefined,
    rollouts: 1,
    egressAllow: [],
  })
})

test('every problem is named at once', () => {
  expect(() =>
    readConfig({ HAMLET_LOG_LEVEL: 'loud', HAMLET_POSTGRES_MODE: 'other', HAMLET_WAKE_URL: 'nonsense' }),
  ).toThrow(
    /HAMLET_NAMESPACE is missing.*HAMLET_LOG_LEVEL must be one of.*HAMLET_INSTANCE_IMAGE is missing.*HAMLET_WAKE_URL must be.*HAMLET_POSTGRES_MODE must be/s,
  )
})

test('empty counts as absent, lists are split, and * means everywhere', () => {
  const config = readConfig({
    ...given,
    HAMLET_CA_SECRET: '',
    HAMLET_WATCH_NAMESPACES: 'a, b',
    HAMLET_EGRESS_ALLOW: '10.0.0.0/8,fd00::/8',
    HAMLET_POSTGRES_HOST: 'db',
    HAMLET_WAKE_URL: 'http://operator:8080/wake/',
  })
  expect(config).toMatchObject({
    caSecret: undefined,
    watch: ['a', 'b'],
    egressAllow: ['10.0.0.0/8', 'fd00::/8'],
    postgres: { mode: 'bundled', host: 'db', port: 5432, secret: 'hamlet-postgres' },
    wakeUrl: 'http://operator:8080/wake',
  })
  expect(readConfig({ ...given, HAMLET_WATCH_NAMESPACES: '*' }).watch).toBeUndefined()
})

test('no rollout at all is no budget', () => {
  expect(readConfig({ ...given, HAMLET_ROLLOUTS: '4' }).rollouts).toBe(4)
  for (const wrong of ['0', '1.5', 'many'])
    expect(() => readConfig({ ...given, HAMLET_ROLLOUTS: wrong })).toThrow(
      'HAMLET_ROLLOUTS must be a whole number from 1',
    )
})
