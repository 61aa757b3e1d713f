// Instances are emptied one after the other, with the operator killed before and after the writes that this takes, and with
// acknowledgements lost: each goes all the same, another is opened in its place, and nothing of it is left.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { databaseName, directoryName } from '../build/names.ts'
import { resources } from '../kube/resources.ts'
import { createFaults, type Fault, type Faults } from '../testing/faults.ts'
import { foundGarden, type Garden } from '../testing/founded/garden.ts'

let garden: Garden
beforeAll(async () => {
  garden = await foundGarden('drained.example', { rebalance: { retireAfterDays: 0 } })
  // The first is full, so that there is always another one.
  await garden.fill()
  await garden.settle()
})
afterAll(() => garden.leave())

const rows = () =>
  garden.directory<{ ordinal: number; state: string }>(
    'SELECT ordinal, state FROM instances ORDER BY ordinal',
  )

/** Empties the instance of this ordinal until it is gone; the faults that came to pass. */
async function empty(ordinal: number, faults: Faults): Promise<Faults> {
  await garden.drain([ordinal])
  let process = faults
  for (let turn = 0; turn < 6; turn++) {
    process = await garden.settle(process)
    if (!(await garden.names(resources.instance)).includes(`garden-${ordinal}`)) return process
    garden.world.skewMs += 60_000
  }
  throw new Error(`garden-${ordinal} does not go: ${JSON.stringify(await rows())}`)
}

const FAULTS = ['killed before', 'killed after', 'acknowledgement lost'] as const satisfies Fault[]
// With HAMLET_CRASHES=1 every write with every fault, which takes minutes.
const every = Number(process.env.HAMLET_CRASHES ?? '31')

test('killed anywhere, one that is emptied goes, and nothing of it is left', async () => {
  const calm = createFaults()
  await empty(2, calm)
  expect(calm.writes).toBeGreaterThan(15)
  const todo = FAULTS.flatMap((fault) =>
    Array.from({ length: calm.writes }, (_, at) => ({ fault, at: at + 1 })),
  )
  let ordinal = 2
  for (const { fault, at } of todo.filter((_, index) => index % every === 0)) {
    ordinal++
    const last = await empty(ordinal, createFaults(at, fault)).catch((cause: unknown) => {
      throw new Error(`${fault} write ${at}`, { cause })
    })
    expect(last.dead).toBe(false)
    const next = `garden-${ordinal + 1}`
    expect(await garden.names(resources.instance)).toEqual(['garden-1', next])
    expect(await garden.names(resources.deployment)).toEqual(['garden-1', next])
    expect(await garden.names(resources.service)).toEqual(['garden', 'garden-1', next])
    expect(await garden.names(resources.secret)).toEqual(['garden-1', next, 'garden-community'].sort())
    const { prefix } = garden
    expect(await garden.databases()).toEqual(
      [1, ordinal + 1].map((one) => databaseName(prefix, one)).concat(directoryName(prefix)),
    )
    const found = await rows()
    expect(found.filter(({ state }) => state === 'Active').map((row) => row.ordinal)).toEqual([
      1,
      ordinal + 1,
    ])
    expect(found.filter(({ state }) => state === 'Retired')).toHaveLength(ordinal - 1)
  }
}, 600_000)
