// A directory that went back in time, made whole again from what the homes say. Pure.
import type { Seen } from '../../instance/directory/regression.ts'
import type { HomeReport, InstanceState, OldDirectory } from './facts.ts'
import { type RebuiltMembers, rebuildMembers } from './members.ts'
import { type RebuiltMove, rebuildMoves } from './moves.ts'

export type Rebuilt = RebuiltMembers & {
  /** Later than any that anybody has seen. */
  readonly incarnation: number
  readonly revision: bigint
  readonly moves: readonly RebuiltMove[]
  readonly instances: readonly { readonly ordinal: number; readonly state: InstanceState }[]
}

/**
 * `reports` are of all homes: no answer is not agreement. `retired` are ordinals that were emptied for good; where
 * somebody lives there all the same, by what is known, they are not retired. `givenUp` is the code of a clash of names
 * whose later holders somebody has given up.
 */
export function rebuild(
  now: Seen,
  old: OldDirectory,
  reports: readonly HomeReport[],
  retired: ReadonlySet<number>,
  givenUp?: string,
): Rebuilt {
  const found = rebuildMembers(old.members, reports, givenUp)
  const living = new Map<number, number>()
  for (const { home, state } of found.members)
    if (state !== 'deleted') living.set(home, (living.get(home) ?? 0) + 1)
  const states = new Map(old.instances.map(({ ordinal, state }) => [ordinal, state]))
  const ordinals = [
    ...new Set([
      ...states.keys(),
      ...retired,
      ...found.members.map(({ home }) => home),
      ...reports.map(({ ordinal }) => ordinal),
    ]),
  ].sort((a, b) => a - b)
  return {
    ...found,
    incarnation: 1 + Math.max(now.incarnation, ...reports.map(({ seen }) => seen.incarnation)),
    revision: 1n + latest([now.revision, ...reports.map(({ seen }) => seen.revision)]),
    moves: rebuildMoves(old.moves, reports, found.members),
    instances: ordinals.map((ordinal) => ({
      ordinal,
      state: stateOf(states.get(ordinal), living.has(ordinal), retired.has(ordinal)),
    })),
  }
}

function stateOf(before: InstanceState | undefined, inhabited: boolean, retired: boolean): InstanceState {
  if (retired && !inhabited) return 'Retired'
  const state = before ?? 'Opening'
  return inhabited && (state === 'Opening' || state === 'Retired') ? 'Active' : state
}

const latest = (revisions: readonly bigint[]): bigint =>
  revisions.toSorted((a, b) => (a < b ? 1 : -1))[0] ?? 0n
