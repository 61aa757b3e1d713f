import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createExpiry } from './expiry.ts'

test('each Community has one number, as long as there is one to tell', async () => {
  const registry = new Registry()
  const note = createExpiry(registry)
  const told = async () =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith('hamlet_certificate'))
  note({ namespace: 'town', name: 'garden' }, 1_900_000_000_000)
  note({ namespace: 'town', name: 'orchard' }, 1_900_000_001_000)
  note({ namespace: 'town', name: 'garden' }, 1_900_000_002_000)
  note({ namespace: 'town', name: 'never' }, undefined)
  const name = 'hamlet_certificate_expiration_timestamp_seconds'
  expect(await told()).toEqual([
    `${name}{namespace="town",community="garden"} 1900000002`,
    `${name}{namespace="town",community="orchard"} 1900000001`,
  ])
  note({ namespace: 'town', name: 'garden' }, undefined)
  expect(await told()).toHaveLength(1)
})
