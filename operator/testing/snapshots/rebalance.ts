// What may be seen of a Rebalance, for tests of decisions.
import fc from 'fast-check'
import { API_VERSION, type Rebalance } from '../../api/objects.ts'
import { rebalanceSpec } from '../../api/rebalance.ts'
import { buildRebalance } from '../../build/data/rebalance.ts'
import type { MovesFacts, OpenMove, RebalanceSnapshot, TieFacts } from '../../decide/rebalance/facts.ts'
import { makeCommunity, makeInstance, makeOwner, NOW } from './community.ts'

export function makeRebalance(
  spec: Partial<Rebalance['spec']> = {},
  status: Rebalance['status'] = {},
  number = 1,
): Rebalance {
  const built = buildRebalance(makeOwner(), { number, reason: 'Overflow', approved: true })
  return {
    apiVersion: built.apiVersion,
    kind: 'Rebalance',
    metadata: { ...built.metadata, namespace: 'town', uid: `rebalance-${number}`, generation: 1 },
    spec: rebalanceSpec.parse({ ...Object(built.spec), ...spec }),
    status,
  }
}

/** As somebody writes it: without any mark of ours. */
export function makeByHand(
  name: string,
  spec: Partial<Rebalance['spec']> = {},
  status: Rebalance['status'] = {},
): Rebalance {
  return {
    apiVersion: API_VERSION,
    kind: 'Rebalance',
    metadata: { name, namespace: 'town', uid: `rebalance-${name}`, generation: 1 },
    spec: rebalanceSpec.parse({ community: 'garden', ...spec }),
    status,
  }
}

/** `homes`: for each member the ordinal. Seats that are taken follow from them and from the open moves. */
export function makeMoves(
  caps: readonly number[],
  homes: readonly number[],
  given: Partial<MovesFacts> & { readonly open?: readonly OpenMove[] } = {},
): MovesFacts {
  const { open = [] } = given
  const seats = (ordinal: number) =>
    homes.filter((home) => home === ordinal).length +
    open.filter((move) => (AFTER.has(move.step) ? move.source : move.target) === ordinal).length
  return {
    domain: 'garden.example',
    incarnation: 1,
    revision: '7',
    now: NOW,
    instances: caps.map((cap, index) => ({
      ordinal: index + 1,
      cap,
      taken: seats(index + 1),
      state: 'Active',
      address: `http://garden-${index + 1}.town.svc:8081`,
    })),
    members: homes.map((home, index) => ({
      id: id(index),
      home,
      role: 'member',
      movedAt: null,
      undone: 0,
      unanswered: 0,
    })),
    open,
    done: 0,
    undone: 0,
    failure: null,
    begun: [],
    ...given,
  }
}

const AFTER = new Set(['switched', 'activated'])
export const id = (index: number): string => String(1000 + index)

export const makeRebalanceSnapshot = (
  facts: MovesFacts,
  given: Partial<RebalanceSnapshot> & { readonly perInstance?: number } = {},
): RebalanceSnapshot => ({
  rebalance: makeRebalance(),
  community: makeCommunity({ seats: { perInstance: given.perInstance ?? 300 } }),
  instances: facts.instances.map(({ ordinal, cap }) => makeInstance(ordinal, { cap })),
  moves: { ok: true, facts },
  regressed: false,
  replaced: new Map(),
  running: new Set(),
  resting: new Map(),
  plan: { is: 'none' },
  jitter: 0,
  ...given,
})

/** Communities of up to four instances whose cap was lowered, with seats for everybody, and who knows whom. */
export const lowered: fc.Arbitrary<{ cap: number; homes: number[]; instances: number; ties: TieFacts[] }> = fc
  .record({
    cap: fc.integer({ min: 1, max: 6 }),
    instances: fc.integer({ min: 2, max: 4 }),
    spread: fc.array(fc.nat(), { maxLength: 24 }),
    ties: fc.array(
      fc.record({
        from: fc.nat(30),
        to: fc.nat(30),
        follows: fc.boolean(),
        replies: fc.nat(3),
        boosts: fc.nat(3),
        likes: fc.nat(3),
      }),
      { maxLength: 30 },
    ),
  })
  .map(({ cap, instances, spread, ties }) => ({
    cap,
    instances,
    homes: spread.slice(0, cap * instances).map((n) => 1 + (n % instances)),
    ties: ties.map((tie) => ({ ...tie, from: id(tie.from), to: id(tie.to) })),
  }))
