// A cap is lowered under members, with the operator killed before and after every write that this takes to the API server,
// to the directory and to instances, or living on without having heard that the write was made: it or whoever starts next
// ends it, and the numbers that it tells are the ones of one run.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFaults, type Fault, type Faults } from '../../testing/faults.ts'
import { begin, foundTown, lowerCap, type Town } from '../../testing/founded/lowered.ts'
import { END, endOf, expectNothingBroken } from '../../testing/founded/lowered-end.ts'
import { type Setup, setUp } from '../../testing/setup.ts'
import { settle } from '../../testing/world.ts'

let setup: Setup
beforeAll(async () => {
  setup = await setUp()
})
afterAll(() => setup?.stop())

async function rebalance(town: Town, faults: Faults) {
  await begin(town)
  await lowerCap(town)
  const last = await settle(town.world, town.place, faults, () => expectNothingBroken(town))
  expect(last.dead).toBe(false)
  await expectNothingBroken(town)
  return endOf(town)
}

const WRITES = [
  'create Rebalance',
  'applyStatus Rebalance',
  'insert into "moves"',
  'insert into "rebalances"',
  'update "moves" set',
  'update "members" set',
  'commit',
  ...[
    'stage',
    'subscribe',
    'copy',
    'catch-up',
    'quiesce',
    'compare',
    'freeze',
    'seal',
    'activate',
    'demote',
    'tidy',
  ].map((verb) => `/internal/moves/${verb}`),
]

const FAULTS = ['killed before', 'killed after', 'acknowledgement lost'] as const satisfies Fault[]
/** Of a transaction, of which only the commit is seen by anybody else. */
const WITHIN = /^(update|insert into) "/
// Every n-th place as HAMLET_CRASHES says. With 1 it is every write, those within transactions too, which takes minutes.
const every = Number(process.env.HAMLET_CRASHES ?? '10')

test('killed or not answered anywhere, a rebalance ends as if nothing had been', async () => {
  const towns = await Promise.all(['north', 'south', 'west'].map((id) => foundTown(setup, id)))
  const calm = createFaults()
  expect(await rebalance(towns[0] as Town, calm)).toEqual(END)
  expect(calm.made).toEqual(expect.arrayContaining(WRITES))

  const todo = FAULTS.flatMap((fault) => calm.made.map((what, index) => ({ fault, at: index + 1, what })))
    .filter(({ what }) => every === 1 || !WITHIN.test(what))
    .filter((_, index) => index % every === 0)
  const ends: { where: string; end: unknown }[] = []
  let struck = 0
  const work = async (town: Town) => {
    for (let next = todo.shift(); next; next = todo.shift()) {
      const { fault, at } = next
      const faults = createFaults(at, fault)
      const end = await rebalance(town, faults).catch((error: Error) => error.message)
      if (faults.struck) struck++
      ends.push({ where: `${fault} write ${at}, ${faults.made[at - 1]}`, end })
    }
  }
  await Promise.all(towns.map(work))
  expect(ends).toEqual(ends.map(({ where }) => ({ where, end: END })))
  // Two moves go on beside each other, so that one run may make a write or two less than another.
  expect(struck).toBeGreaterThan(0.9 * ends.length)
}, 3_600_000)
