// Of the Rebalances of a community that are not over, the one that is worked on. The others wait, whoever made them.
import type { Community, Rebalance } from '../../api/objects.ts'
import { isOfEarlier, isOurs, type Owner } from '../../build/owned.ts'

type Of = Pick<Community, 'apiVersion' | 'metadata' | 'spec'>

const ownerOf = ({ apiVersion, metadata }: Of): Owner => ({ ...metadata, apiVersion })

export const isOver = ({ status }: Pick<Rebalance, 'status'>): boolean => status.phase === 'Done'

/** Somebody made it, and it stays theirs: the operator neither marks nor deletes it. */
export const isByHand = (rebalance: Rebalance, community: Of): boolean =>
  !isOurs(rebalance, ownerOf(community))

/** It begins nobody: what was begun before is ended, and that is never held back. */
export const endsOnly = ({ spec }: Pick<Rebalance, 'spec'>): boolean => spec.reason === 'Unfinished'

/** Pure. Whether nobody is moved by it before somebody says so. */
export const lacksApproval = (rebalance: Pick<Rebalance, 'spec'>): boolean =>
  !rebalance.spec.approved && !endsOnly(rebalance)

/** What people made by hand is their word, and counts also where the operator moves nobody by itself. */
export const isHeldByMode = (rebalance: Rebalance, community: Of): boolean =>
  community.spec.rebalance.mode === 'Off' && !isByHand(rebalance, community) && !endsOnly(rebalance)

/** What was approved and begun goes on, whatever comes meanwhile. */
const BEGUN: ReadonlySet<string | undefined> = new Set<Rebalance['status']['phase']>([
  'Approved',
  'Moving',
  'Stopped',
])

/**
 * Pure. Those that are not over, in the order in which they are worked on: the first is, and no other. What was begun goes
 * on; of the rest the oldest is next. What nobody has approved lets others pass, and what the mode holds for good lets all.
 * Whichever it is ends what was begun before as well: one that does only that comes after them, for it may take long.
 */
export function openOf(rebalances: readonly Rebalance[], community: Of): Rebalance[] {
  const owner = ownerOf(community)
  const rank = (one: Rebalance) =>
    isHeldByMode(one, community)
      ? 4
      : endsOnly(one)
        ? 3
        : lacksApproval(one)
          ? 2
          : BEGUN.has(one.status.phase)
            ? 0
            : 1
  const age = ({ metadata }: Rebalance) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`
  return rebalances
    .filter((one) => one.spec.community === owner.name && !isOver(one) && !isOfEarlier(one, owner))
    .toSorted((a, b) => rank(a) - rank(b) || (age(a) < age(b) ? -1 : 1))
}

/**
 * Pure. What keeps the operator from making another one. With Auto it moves by itself whoever has to move: a plan that waits
 * to be approved is looked at meanwhile, and nobody who made it to look at it holds up a lower cap by that. Whoever wants
 * the moves held says so by spec.stopped. One that only ends what was begun before is in no way.
 */
export function inTheWay(community: Of, rebalances: readonly Rebalance[]): Rebalance | undefined {
  const open = openOf(rebalances, community).filter((one) => !endsOnly(one) || one.spec.stopped)
  return community.spec.rebalance.mode === 'Auto'
    ? open.find(({ spec }) => spec.approved || spec.stopped)
    : open[0]
}

/** Pure. The one whose plan has been made and waits for somebody to approve it. */
export function awaitingApproval(community: Of, rebalances: readonly Rebalance[]): Rebalance | undefined {
  const [first] = openOf(rebalances, community)
  return first?.status.phase === 'Proposed' && lacksApproval(first) && !first.spec.stopped ? first : undefined
}

export type Turn =
  | { readonly is: 'now' }
  | { readonly is: 'after'; readonly first: Rebalance }
  /** It is over, gone, or of an earlier Community of that name. */
  | { readonly is: 'never' }

/** Pure. `rebalances`: all of the community, as they were listed at one moment. */
export function turnOf(rebalance: Rebalance, rebalances: readonly Rebalance[], community: Of): Turn {
  const open = openOf(rebalances, community)
  const [first] = open
  if (!first || !open.some(({ metadata }) => metadata.uid === rebalance.metadata.uid)) return { is: 'never' }
  return first.metadata.uid === rebalance.metadata.uid ? { is: 'now' } : { is: 'after', first }
}

/**
 * Pure. On: members who have to move are moved. Waiting: once somebody says so, and seats are made for them. Off: nobody is,
 * and nothing is opened for it.
 */
export function movesOf(community: Of, rebalances: readonly Rebalance[]): 'On' | 'Waiting' | 'Off' {
  const { mode } = community.spec.rebalance
  const first = openOf(rebalances, community).find((one) => !endsOnly(one))
  if (first && !isHeldByMode(first, community) && first.spec.approved && !first.spec.stopped) return 'On'
  return mode === 'Off' ? 'Off' : mode === 'Auto' && !inTheWay(community, rebalances) ? 'On' : 'Waiting'
}
