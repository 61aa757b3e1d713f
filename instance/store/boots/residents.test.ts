import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Home } from '../../directory/homes.ts'
import { compareResidents } from './residents.ts'

const homesOf = (homes: readonly Home[]) => {
  const byId = new Map(homes.map((home) => [home.id, home]))
  return { all: () => byId.values(), byId: (id: string) => byId.get(id) }
}
const home = fc.record({
  id: fc.integer({ min: 1, max: 9 }).map(String),
  handle: fc.constant('x'),
  home: fc.integer({ min: 1, max: 2 }),
  epoch: fc.integer({ min: 1, max: 3 }),
  state: fc.constantFrom<Home['state']>('pending', 'active', 'deleted'),
  role: fc.constant<Home['role']>('member'),
})
const resident = fc.record({
  id: fc.integer({ min: 1, max: 9 }).map(String),
  epoch: fc.integer({ min: 1, max: 3 }),
  state: fc.constantFrom('pending', 'active', 'suspended', 'frozen', 'staged', 'leaving'),
})
const unique = { selector: ({ id }: { id: string }) => id }

test('only a greater epoch in the directory makes somebody leave; missing or older means the directory is stale', () => {
  fc.assert(
    fc.property(fc.uniqueArray(resident, unique), fc.uniqueArray(home, unique), (residents, homes) => {
      const found = compareResidents(residents, homesOf(homes), 1)
      for (const { id, epoch } of found.demote) {
        expect(homes.find((one) => one.id === id)?.epoch).toBeGreaterThan(epoch)
      }
      for (const id of found.unknown) {
        const mine = residents.find((one) => one.id === id)
        expect(homes.find((one) => one.id === id)?.epoch ?? 0).toBeLessThan(mine?.epoch ?? 0)
      }
      for (const id of found.missing) {
        expect(homes.find((one) => one.id === id)).toMatchObject({ home: 1, state: 'active' })
        const row = residents.find((one) => one.id === id)
        const { epoch } = homes.find((one) => one.id === id) ?? { epoch: 0 }
        expect(row === undefined || ['staged', 'leaving'].includes(row.state) || row.epoch < epoch).toBe(true)
        expect(row?.state).not.toBe('pending')
      }
    }),
  )
})
