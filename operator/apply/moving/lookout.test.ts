import { expect, test } from 'vitest'
import type { Kube, KubeObject } from '../../kube/types.ts'
import { makeCommunity } from '../../testing/snapshots/community.ts'
import { makeByHand, makeRebalance } from '../../testing/snapshots/rebalance.ts'
import { lookOut } from './lookout.ts'

/** As the API server would give them. */
const cluster = (...objects: readonly KubeObject[]): Pick<Kube, 'get' | 'list'> => ({
  get: async ({ kind }, { name }) =>
    objects.find((object) => object.kind === kind && object.metadata.name === name),
  list: async ({ kind }) => objects.filter((object) => object.kind === kind),
})
const look = async (key: string, ...objects: readonly KubeObject[]) => {
  const seen = await lookOut(key, { kube: cluster(...objects) })
  if (!seen) return 'nothing'
  if (!('decision' in seen)) return 'its turn'
  const ready = seen.decision.findings.find(({ type }) => type === 'Ready')
  return `${ready?.reason}: ${ready?.message}`
}
const community = makeCommunity({})
const night = makeByHand('night')

test('a spec that cannot be worked with is told of by field and remedy, and holds up no other one', async () => {
  const stored: KubeObject = { ...night, spec: { community: 'garden', maxMovesPerHour: 0 } }
  expect(await look('town/night', stored, community)).toMatch(
    /^InvalidSpec: spec\.maxMovesPerHour must be .* set spec\.stopped to true$/,
  )
  expect(await look('town/garden-r1', stored, community, makeRebalance())).toBe('its turn')
})

test('without its Community it says so, unless it goes with that', async () => {
  expect(await look('town/night', night)).toMatch(/^CommunityMissing: spec\.community: there is no Community/)
  expect(await look('town/garden-r1', makeRebalance())).toBe('nothing')
  const deleted = {
    ...community,
    metadata: { ...community.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' },
  }
  // Its deletion may wait for somebody to confirm it.
  for (const one of [night, makeRebalance()])
    expect(await look(`town/${one.metadata.name}`, one, deleted)).toMatch(
      /^Deleting: spec\.community: the Community garden is being deleted: nobody is moved/,
    )
  const broken: KubeObject = { ...community, spec: { seats: { perInstance: 0 } } }
  expect(await look('town/night', night, broken)).toMatch(
    /^CommunityMissing: .*spec\.seats\.perInstance must be/,
  )
})

test('what is over, or being deleted, is left alone', async () => {
  expect(await look('town/night', community)).toBe('nothing')
  expect(await look('town/night', community, makeByHand('night', {}, { phase: 'Done' }))).toBe('nothing')
  const going = { ...night, metadata: { ...night.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } }
  expect(await look('town/night', community, going)).toBe('nothing')
  expect(await look('town/garden-r1', community, going, makeRebalance())).toBe('its turn')
})
