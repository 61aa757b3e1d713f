// What an effect is: one kind of activity applied to this home, any number of times and in any order.
import type { Instance } from '../../../instance.ts'
import type { Refusal } from '../../../refusal.ts'
import type { InstanceTransaction } from '../../../store/database.ts'
import type { Incoming } from '../activity.ts'

/** Done, or why it must be tried again later. */
export type Outcome = { readonly is: 'done' } | { readonly is: 'later'; readonly why: string }

export const DONE: Outcome = { is: 'done' }
export const later = (why: string): Outcome => ({ is: 'later', why })

export type EffectRun = {
  readonly instance: Instance
  readonly activity: Incoming
  /**
   * Runs the writes in one transaction with these residents' fences, and takes the activity out of the intake with it.
   * Whatever needs the network comes before.
   */
  commit(
    residents: readonly string[],
    write: (tx: InstanceTransaction) => Promise<Refusal | undefined>,
  ): Promise<Outcome>
}

export type Effect = (run: EffectRun) => Promise<Outcome>
