// What may happen in a schedule, and what may come between.
import type { FaultKind } from '../../postgres/faults.ts'
import type { Tale } from '../run/strangers.ts'
import type { Which } from '../world/copies.ts'
import type { Handle, Start } from '../world/fixture.ts'

/** One thing that somebody does. Members ask at any pod. */
export type Op =
  | {
      readonly do: 'write'
      readonly who: Handle
      readonly text: string
      readonly visibility: 'public' | 'followers'
      readonly answers?: string
    }
  /** The same form again, because the browser got no answer. */
  | { readonly do: 'write-again'; readonly who: Handle; readonly nth: number }
  | { readonly do: 'delete' | 'edit'; readonly who: Handle; readonly nth: number }
  | { readonly do: 'follow' | 'unfollow'; readonly who: Handle; readonly whom: Handle }
  | { readonly do: 'like' | 'unlike' | 'boost' | 'unboost'; readonly who: Handle; readonly nth: number }
  | { readonly do: 'log-in' | 'picture'; readonly who: Handle }
  /** Something of a stranger's comes in, once more or for the first time, at one pod. */
  | { readonly do: 'arrive'; readonly pod: number; readonly nth: number }
  | { readonly do: 'look'; readonly pod: number; readonly who: Handle }
  /** The background workers of one instance do a round. */
  | { readonly do: 'spool' | 'intake' | 'deliver' | 'tend' | 'refresh'; readonly pod: number }
  /** Ten seconds are over for whoever is frozen there. */
  | { readonly do: 'thaw'; readonly pod: number }
  | { readonly do: 'restart' | 'die'; readonly pod: number }
  | { readonly do: 'directory-down' | 'directory-up' }
  /** The clock of a pod, and of its database if it goes on, is set otherwise by so many seconds. */
  | { readonly do: 'clock'; readonly pod: number; readonly by: number }
  /** Another driver takes the move up, or undoes it, while the first is held. */
  | { readonly do: 'drive-too' | 'abandon' }
  /** A call that was made before comes once more. */
  | { readonly do: 'late-call'; readonly nth: number }
  /**
   * A copy of the directory or of a home is taken, and brought back once. `goesOn`: then the directory is changed as often
   * as it had been.
   */
  | { readonly do: 'keep'; readonly of: Which }
  | { readonly do: 'put-back'; readonly of: Which; readonly goesOn: boolean }
  /** The operator, called by a home that has found the directory older than one it saw. */
  | { readonly do: 'rebuild' }
  /** A home that runs on looks who lives there, and for those who do and are missing. */
  | { readonly do: 'verify' | 'repair'; readonly pod: number }

export type Place =
  | { readonly statement: number }
  | { readonly call: string; readonly when: 'before' | 'after' }

export type Interruption = {
  readonly at: Place
  /** The driver and the instances are held while these are begun. */
  readonly ops: readonly Op[]
  readonly fault?: FaultKind
}

export type Act =
  | Op
  | {
      readonly do: 'move'
      readonly who: Handle
      readonly target: number
      readonly interruptions: readonly Interruption[]
    }

export type Schedule = {
  readonly seed: number
  readonly start: Start
  /** What strangers do. */
  readonly tales: readonly Tale[]
  readonly acts: readonly Act[]
}
