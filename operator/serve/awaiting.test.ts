import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createAwaiting } from './awaiting.ts'

test('each Community has one number, none while nothing waits and no series once it is gone', async () => {
  const registry = new Registry()
  const note = createAwaiting(registry)
  const told = async () => (await registry.metrics()).split('\n').filter((line) => line.startsWith('hamlet_'))
  note({ namespace: 'town', name: 'garden' }, 1)
  note({ namespace: 'town', name: 'orchard' }, 0)
  const name = 'hamlet_rebalances_awaiting_approval'
  expect(await told()).toEqual([
    `${name}{namespace="town",community="garden"} 1`,
    `${name}{namespace="town",community="orchard"} 0`,
  ])
  note({ namespace: 'town', name: 'garden' }, 0)
  note({ namespace: 'town', name: 'orchard' }, undefined)
  expect(await told()).toEqual([`${name}{namespace="town",community="garden"} 0`])
})
