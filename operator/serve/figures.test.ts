import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createFigures } from './figures.ts'

const garden = { namespace: 'town', name: 'garden' }
const orchard = { namespace: 'town', name: 'orchard' }

function watched() {
  const registry = new Registry()
  const told = async (name: string) =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith(name))
  return { ...createFigures(registry), told }
}

test('each Community has one certificate to tell of, as long as there is one', async () => {
  const { noteExpiry, told } = watched()
  noteExpiry(garden, 1_900_000_000_000)
  noteExpiry(orchard, 1_900_000_001_000)
  noteExpiry(garden, 1_900_000_002_000)
  noteExpiry({ namespace: 'town', name: 'never' }, undefined)
  const name = 'hamlet_certificate_expiration_timestamp_seconds'
  expect(await told(name)).toEqual([
    `${name}{namespace="town",community="garden"} 1900000002`,
    `${name}{namespace="town",community="orchard"} 1900000001`,
  ])
  noteExpiry(garden, undefined)
  expect(await told(name)).toHaveLength(1)
})

test('each Community has a number of Rebalances that wait, none while nothing does and no series once it is gone', async () => {
  const { noteAwaiting, told } = watched()
  noteAwaiting(garden, 1)
  noteAwaiting(orchard, 0)
  const name = 'hamlet_rebalances_awaiting_approval'
  expect(await told(name)).toEqual([
    `${name}{namespace="town",community="garden"} 1`,
    `${name}{namespace="town",community="orchard"} 0`,
  ])
  noteAwaiting(garden, 0)
  noteAwaiting(orchard, undefined)
  expect(await told(name)).toEqual([`${name}{namespace="town",community="garden"} 0`])
})
