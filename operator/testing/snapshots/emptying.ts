// A community of which instances are emptied, and what is decided of it.
import type { CommunitySnapshot, DirectoryFacts, DirectoryInstance } from '../../decide/snapshot.ts'
import {
  known,
  makeClaim,
  makeCommunity,
  makeFacts,
  makeInstance,
  makeRow,
  makeSnapshot,
  NOW,
} from './community.ts'
import { changes, decide } from './decided.ts'

export const DAY = 86_400_000

export type Emptying = {
  readonly rows: readonly Partial<DirectoryInstance>[]
  readonly drain?: readonly number[]
  readonly rebalance?: object
  readonly maxInstances?: number
  readonly facts?: Partial<DirectoryFacts>
  /** Ordinals whose own databases are empty. */
  readonly drained?: readonly number[]
  /** Since when fewer would do, in days ago. */
  readonly compactFor?: number
}

/** Instances of four seats each, at rest but for what is given. */
export function emptyingSnapshot({
  rows,
  drained = [],
  maxInstances = 9,
  compactFor,
  ...given
}: Emptying): CommunitySnapshot {
  const community = makeCommunity({
    seats: { perInstance: 4, minFree: 1, maxInstances, minutesBetweenInstances: 0 },
    ...(given.drain && { drain: given.drain }),
    ...(given.rebalance && { rebalance: given.rebalance }),
  })
  const all = rows.map((row, index) => makeRow(index + 1, { cap: 4, stateSince: NOW - 90 * DAY, ...row }))
  return makeSnapshot({
    community: {
      ...community,
      status:
        compactFor === undefined
          ? {}
          : {
              conditions: [
                {
                  type: 'Compact',
                  status: 'False',
                  reason: 'MoreThanNeeded',
                  message: '',
                  lastTransitionTime: new Date(NOW - compactFor * DAY).toISOString(),
                },
              ],
            },
    },
    claim: makeClaim({
      nextOrdinal: all.length + 1,
      made: new Set(['directory', ...all.map(({ ordinal }) => String(ordinal))]),
    }),
    directory: known(makeFacts({ instances: all, ...given.facts })),
    instances: all
      .filter(({ state }) => state !== 'Retired')
      .map(({ ordinal, state }) =>
        makeInstance(ordinal, {
          cap: 4,
          state: state === 'Opening' ? 'Active' : state,
          drained: drained.includes(ordinal),
        }),
      ),
  })
}

/** What is decided of instances: which are emptied, take members again, and go. */
export const moved = (given: Emptying) =>
  changes(emptyingSnapshot(given)).filter(({ change }) => ['drain', 'reopen', 'retire'].includes(change))
/** What is said under a condition's type. */
export const said = (given: Emptying, type: string) =>
  decide(emptyingSnapshot(given)).findings.find((finding) => finding.type === type)
