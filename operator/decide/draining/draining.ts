// Which instances are emptied, which are not after all, and which are empty and go for good. A row of the directory decides.
import type { Instance } from '../../api/objects.ts'
import { instanceName } from '../../build/names.ts'
import { holds } from '../changed.ts'
import type { DirectoryChange, Event } from '../decision.ts'
import { spareSeats } from '../growth/growth.ts'
import { imbalanceOf } from '../rebalance/imbalance.ts'
import type { CommunitySnapshot, DirectoryFacts, DirectoryInstance } from '../snapshot.ts'
import { decideShrink, type Shrink } from './shrink.ts'

/**
 * From the last change of an instance or a move from it until it is retired, at the least. Every pod reads the directory
 * anew within 15 s, so by then none gives a seat there, and none hands anything there that it received before.
 */
export const RETIRE_COOL_MS = 60_000

export type Draining = {
  /** The rows as they are wanted: what is to be emptied counts as such already. */
  readonly rows: readonly DirectoryInstance[]
  readonly changes: readonly DirectoryChange[]
  readonly events: readonly Event[]
  /** Of spec.drain: there are no such instances. */
  readonly unknown: readonly number[]
  /** Of spec.drain: they were never used, and go unopened once the databases of all others answer. */
  readonly unopened: readonly number[]
  /** Those others that do not. */
  readonly silent: readonly number[]
  /** The last one that takes members: it goes on until another one does. */
  readonly heldBack: number | undefined
  readonly shrink: Shrink
  /** Milliseconds until an empty one may be retired, or the emptiest is emptied. */
  readonly forMs: number | undefined
}

/** Pure. `coming`: instances without a row. `now` in milliseconds since 1970. */
export function decideDraining(
  { community, instances, regression }: Pick<CommunitySnapshot, 'community' | 'instances' | 'regression'>,
  facts: DirectoryFacts,
  coming: number,
  now: number,
): Draining {
  const { spec, metadata } = community
  const asked = new Set(spec.drain)
  const known = new Set(
    [...facts.instances, ...instances.map(({ spec: { ordinal } }) => ({ ordinal }))].map(
      (row) => row.ordinal,
    ),
  )
  const demand = { seats: spec.seats, coming, waiting: facts.waiting }
  const spare = (rows: readonly DirectoryInstance[]) =>
    spareSeats({ ...demand, instances: rows, overflow: imbalanceOf(rows, spec).overflow })
  const auto = spec.rebalance.mode === 'Auto' && spec.rebalance.shrinkAfterDays > 0

  const unopened = facts.instances.flatMap((row) =>
    asked.has(row.ordinal) && neverUsed(row, instances) ? [row.ordinal] : [],
  )
  // An older copy of the directory is noticed by what the others have seen of it.
  const silent = regression.silent.flatMap(({ ordinal }) => (unopened.includes(ordinal) ? [] : [ordinal]))
  const given = silent.length === 0 ? unopened : []
  const named = facts.instances.map((row) =>
    given.includes(row.ordinal) ? { ...row, state: 'Retired' as const } : nowWanted(row, asked, auto),
  )
  // Whoever came meanwhile needs the seats: they are there already, so no instance is opened for them.
  const enough = spare(named) >= spec.seats.minFree
  const kept = enough
    ? named
    : named.map((row) => (row.drainedFor === 'Fewer' && row.state === 'Draining' ? active(row) : row))
  const shrink = decideShrink({ community, rows: kept, demand, spare }, now)
  const rows = shrink.due
    ? kept.map((row) => (row.ordinal === shrink.ordinal ? draining(row, 'Fewer') : row))
    : kept

  const heldBack = rows.some(({ state }) => state === 'Active')
    ? undefined
    : facts.instances.findLast(({ state }) => state === 'Active')?.ordinal
  const changes: DirectoryChange[] = []
  const events: Event[] = []
  const waits: number[] = []
  for (const row of facts.instances) {
    const { ordinal } = row
    const wanted = rows.find((one) => one.ordinal === ordinal) ?? row
    const name = instanceName(metadata.name, ordinal)
    if (wanted.state === 'Draining' && wanted.drainedFor && ordinal !== heldBack) {
      if (row.state !== 'Draining') events.push(begins(name, wanted.drainedFor))
      if (row.drainedFor !== wanted.drainedFor)
        changes.push({ change: 'drain', ordinal, cause: wanted.drainedFor })
    }
    if (wanted.state === 'Active' && row.state === 'Draining') {
      // Before another one goes.
      changes.unshift({ change: 'reopen', ordinal })
      events.push({
        type: 'Normal',
        reason: 'Accepting',
        message: `${name} is not emptied any more, and takes members`,
      })
    }
    if (given.includes(ordinal)) {
      changes.push({ change: 'retire', ordinal })
      events.push({
        type: 'Normal',
        reason: 'Retired',
        message: `${name} is removed before it was opened: spec.drain names it`,
      })
    }
    if (wanted.state !== 'Draining' || row.state !== 'Draining' || !isEmpty(row, instances)) continue
    const forMs = Math.max(row.stateSince, row.movedAt ?? 0) + RETIRE_COOL_MS - now
    if (forMs > 0) waits.push(forMs)
    else {
      changes.push({ change: 'retire', ordinal })
      events.push({ type: 'Normal', reason: 'Retired', message: `${name} is empty and is removed` })
    }
  }
  if (shrink.forMs !== undefined) waits.push(shrink.forMs)
  return {
    rows,
    changes,
    events,
    unknown: spec.drain.filter((ordinal) => !known.has(ordinal)),
    unopened,
    silent,
    heldBack,
    shrink,
    forMs: waits.length > 0 ? Math.min(...waits) : undefined,
  }
}

const active = (row: DirectoryInstance): DirectoryInstance => ({ ...row, state: 'Active', drainedFor: null })
const draining = (row: DirectoryInstance, drainedFor: 'Asked' | 'Fewer'): DirectoryInstance => ({
  ...row,
  state: 'Draining',
  drainedFor,
})

/**
 * It gives no seats yet, and nobody ever had to do with it: by the directory, and by its own database if that ever said how
 * many live there. So nobody has to be asked: its database may be one that was lost, or that was never made.
 */
const neverUsed = (
  { ordinal, state, used, taken, leaving }: DirectoryInstance,
  instances: readonly Instance[],
) =>
  state === 'Opening' &&
  !used &&
  taken === 0 &&
  leaving === 0 &&
  !instances.some(({ spec, status }) => spec.ordinal === ordinal && (status.members ?? 0) > 0)

/** One that opens and was used, as an older copy of the directory may have it, does so first. */
function nowWanted(row: DirectoryInstance, asked: ReadonlySet<number>, auto: boolean): DirectoryInstance {
  if (row.state === 'Opening' || row.state === 'Retired') return row
  if (asked.has(row.ordinal)) return draining(row, 'Asked')
  if (row.state === 'Draining' && row.drainedFor === 'Fewer' && auto) return row
  return active(row)
}

/** By the directory, and by its own database since it was told that it is to be emptied. */
function isEmpty({ ordinal, taken, leaving }: DirectoryInstance, instances: readonly Instance[]): boolean {
  const instance = instances.find(({ spec }) => spec.ordinal === ordinal)
  return (
    taken === 0 &&
    leaving === 0 &&
    instance !== undefined &&
    instance.spec.state === 'Draining' &&
    holds(instance, 'Drained')
  )
}

const begins = (name: string, cause: 'Asked' | 'Fewer'): Event => ({
  type: 'Normal',
  reason: 'Draining',
  message:
    cause === 'Asked'
      ? `emptying ${name}: spec.drain names it`
      : `emptying ${name}: fewer instances have done for spec.rebalance.shrinkAfterDays`,
})
