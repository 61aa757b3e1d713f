import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KubeObject } from '../../kube/types.ts'
import { createRollouts } from './rollouts.ts'

/** A Deployment as a cluster would have it. */
type Home = { generation: number; state: 'old' | 'rolling' | 'new' | 'stuck'; seen: KubeObject | undefined }

const deployment = (key: string, { generation, state }: Home): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: key.split('/')[1] ?? '', namespace: 'town', generation },
  status: {
    observedGeneration: state === 'rolling' ? generation - 1 : generation,
    replicas: state === 'stuck' ? 2 : 1,
    updatedReplicas: 1,
    readyReplicas: 1,
    conditions:
      state === 'stuck' ? [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }] : [],
  },
})

/** Several communities whose pods all have to be replaced; looks come in any order, and what the watch tells comes late. */
function cluster(limit: number, sizes: readonly number[]) {
  const rollouts = createRollouts(limit, () => 0)
  const homes = new Map<string, Home>()
  sizes.forEach((size, index) => {
    for (let ordinal = 1; ordinal <= size; ordinal++)
      homes.set(`town/c${index}-${ordinal}`, { generation: 1, state: 'old', seen: undefined })
  })
  const groupOf = (key: string) => key.replace(/-[0-9]+$/, '')
  const siblings = (key: string) =>
    [...homes].filter(([other]) => other !== key && groupOf(other) === groupOf(key))
  const queue = new Set(homes.keys())
  /** Applied, but the API server's answer is under way: nobody's watch has it. */
  const untold = new Set<string>()

  const rolling = () =>
    new Set([...homes].filter(([, { state }]) => state === 'rolling').map(([key]) => groupOf(key))).size
  return {
    queue,
    untold,
    homes,
    rolling,
    look(key: string) {
      queue.delete(key)
      rollouts.settled(key)
      const home = homes.get(key)
      if (home?.state !== 'old') return
      const { elsewhere } = rollouts.budget(groupOf(key))
      const waits =
        siblings(key).some(([other, { state }]) => state === 'rolling' || (state === 'old' && other < key)) ||
        elsewhere >= limit
      if (waits) return rollouts.wait(key)
      rollouts.begin(key, home.generation)
      home.generation++
      home.state = 'rolling'
      untold.add(key)
    },
    end(key: string, state: 'new' | 'stuck') {
      const home = homes.get(key)
      if (home?.state !== 'rolling') return
      home.state = state
      untold.add(key)
    },
    tell(key: string) {
      const home = homes.get(key)
      if (!home || !untold.delete(key)) return
      const after = deployment(key, home)
      for (const woken of rollouts.saw({ key, before: home.seen, after })) queue.add(woken)
      home.seen = after
    },
  }
}

test('never more communities than the budget, every one in the end, and nobody waits for one that is stuck', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.nat()),
      (limit, sizes, chance) => {
        const world = cluster(limit, sizes)
        const draw = () => Number(chance.next().value)
        const pick = (keys: Iterable<string>) => {
          const all = [...keys]
          return all[draw() % all.length] ?? ''
        }
        for (let turn = 0; turn < 2000; turn++) {
          const running = [...world.homes].filter(([, { state }]) => state === 'rolling').map(([key]) => key)
          const moves = [
            ...(world.queue.size > 0 ? [() => world.look(pick(world.queue))] : []),
            ...(world.untold.size > 0 ? [() => world.tell(pick(world.untold))] : []),
            ...(running.length > 0
              ? [() => world.end(pick(running), draw() % 4 === 0 ? 'stuck' : 'new')]
              : []),
          ]
          const move = moves[draw() % moves.length]
          if (!move) break
          move()
          expect(world.rolling()).toBeLessThanOrEqual(limit)
        }
        // Woken as their turn came: no look was made that nobody asked for.
        for (const [key, { state }] of world.homes) expect([key, state]).not.toEqual([key, 'old'])
      },
    ),
    { numRuns: 300 },
  )
})

test('a rollout that never ends, or that nobody sees the end of, is counted no longer than it may last', () => {
  let now = 0
  const rollouts = createRollouts(1, () => now)
  const home: Home = { generation: 2, state: 'rolling', seen: undefined }
  rollouts.saw({ key: 'town/a-1', before: undefined, after: deployment('town/a-1', home) })
  expect(rollouts.budget('town/b')).toEqual({ limit: 1, elsewhere: 1 })
  expect(rollouts.budget('town/a')).toEqual({ limit: 1, elsewhere: 0 })
  now = 599_000
  rollouts.saw({ key: 'town/a-1', before: undefined, after: deployment('town/a-1', home) })
  expect(rollouts.budget('town/b').elsewhere).toBe(1)
  now = 600_000
  expect(rollouts.budget('town/b').elsewhere).toBe(0)
})

test('two communities that are half way keep nobody else in line, and each other from nothing', () => {
  const rollouts = createRollouts(1, () => 0)
  const home: Home = { generation: 2, state: 'rolling', seen: undefined }
  for (const key of ['town/a-1', 'town/b-1'])
    rollouts.saw({ key, before: undefined, after: deployment(key, home) })
  // Either may be given its old image again; the limit was higher when both began.
  expect(rollouts.budget('town/a').elsewhere).toBe(0)
  expect(rollouts.budget('town/b').elsewhere).toBe(0)
  expect(rollouts.budget('town/c').elsewhere).toBe(2)
})

test('what was begun counts until the watch has it, but not when it was refused or never came', () => {
  let now = 0
  const rollouts = createRollouts(1, () => now)
  const elsewhere = () => rollouts.budget('town/b').elsewhere
  rollouts.begin('town/a-1', 1)
  // An older state that comes late says nothing of it.
  rollouts.saw({
    key: 'town/a-1',
    before: undefined,
    after: deployment('town/a-1', { generation: 1, state: 'old', seen: undefined }),
  })
  expect(elsewhere()).toBe(1)
  rollouts.saw({
    key: 'town/a-1',
    before: undefined,
    after: deployment('town/a-1', { generation: 2, state: 'new', seen: undefined }),
  })
  expect(elsewhere()).toBe(0)
  rollouts.begin('town/a-1', 2)
  rollouts.refused('town/a-1')
  expect(elsewhere()).toBe(0)
  rollouts.begin('town/a-1', 2)
  now = 60_000
  expect(elsewhere()).toBe(0)
})

test('it is told which pods are being replaced, and which are to be as soon as they may', () => {
  let now = 0
  const rollouts = createRollouts(1, () => now)
  const told = () => ['town/a-1', 'town/a-2'].map(rollouts.replaced)
  rollouts.begin('town/a-1', 1)
  rollouts.wait('town/a-2')
  expect(told()).toEqual(['now', 'soon'])
  rollouts.saw({
    key: 'town/a-1',
    before: undefined,
    after: deployment('town/a-1', { generation: 2, state: 'rolling', seen: undefined }),
  })
  expect(told()).toEqual(['now', 'soon'])
  rollouts.saw({
    key: 'town/a-1',
    before: undefined,
    after: deployment('town/a-1', { generation: 2, state: 'new', seen: undefined }),
  })
  rollouts.settled('town/a-2')
  expect(told()).toEqual([undefined, undefined])
  rollouts.begin('town/a-2', 1)
  now = 600_000
  expect(told()).toEqual([undefined, undefined])
})

test('a first start, and a pod that falls ill by itself, are no rollout', () => {
  const rollouts = createRollouts(1, () => 0)
  const ill = deployment('town/a-1', { generation: 2, state: 'new', seen: undefined })
  rollouts.saw({
    key: 'town/a-1',
    before: undefined,
    after: { ...ill, status: { ...Object(ill.status), readyReplicas: 0 } },
  })
  rollouts.saw({
    key: 'town/c-1',
    before: undefined,
    after: deployment('town/c-1', { generation: 1, state: 'rolling', seen: undefined }),
  })
  expect(rollouts.budget('town/b').elsewhere).toBe(0)
})
