// A move as the directory has it: which member, from where to where, and how far it is.
import { isSameStay } from '../incarnation.ts'

/** The steps in their order. Each is named by what has been reached. */
export const STEPS = [
  'reserved',
  'subscribed',
  'copied',
  'quiesced',
  'frozen',
  'verified',
  'switched',
  'activated',
  'done',
] as const

export type Step = (typeof STEPS)[number] | 'undoing' | 'undone'

export type Move = {
  readonly id: string
  readonly memberId: string
  readonly source: number
  readonly target: number
  /** The member's when the move began; one more after the switch. */
  readonly epoch: number
  readonly attempt: number
  readonly step: Step
  /** Why it was undone. */
  readonly code: string | null
}

/** From here it can still be undone, to a byte. After the switch it can only finish. */
export const BEFORE_SWITCH: readonly Step[] = STEPS.slice(0, STEPS.indexOf('switched'))
export const AFTER_SWITCH: readonly Step[] = STEPS.slice(STEPS.indexOf('switched'))

export const isOver = (step: Step): boolean => step === 'done' || step === 'undone'

/** Whether the member's stay of now is the one that this move led to: they have not moved on since. */
export const endsWith = (
  { target, epoch }: Pick<Move, 'target' | 'epoch'>,
  home: { readonly home: number; readonly epoch: number },
): boolean => home.home === target && home.epoch > epoch && isSameStay(home.epoch, epoch + 1)
