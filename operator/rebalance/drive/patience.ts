// How long a move waits for a home that does not do its part.
import type { Trouble } from '../../../instance/directory/moves/trouble.ts'

/**
 * Three times what a rollout may take before it counts as stuck. A pod that is replaced, or a PostgreSQL whose standby takes
 * over, is back long before.
 */
export const PATIENCE_MS = 900_000
/** Time alone says little where nobody asked: the operator was away, say, or the Community was paused. */
export const PATIENCE_TRIES = 10

type Wait = Pick<Trouble, 'since' | 'tries'>

/** Pure. Whether a move before its switch is given up, and one that can only go forward is no longer counted on. */
export const isLong = ({ since, tries }: Wait, now: number): boolean =>
  now - since >= PATIENCE_MS && tries > PATIENCE_TRIES
