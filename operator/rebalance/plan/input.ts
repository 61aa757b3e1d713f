// What the planner is asked, and what it says when it cannot.
import type { Edge } from '../graph.ts'

export type PlannedMember = {
  /** Opaque: it means nothing to the planner and never leaves it but in the plan. */
  readonly id: string
  /** The ordinal of the instance where they live. Without: they live nowhere yet, and placing them is not a move. */
  readonly home?: number
  /** The ordinal of the instance where they must be. Of somebody who wants to stay, it is their home. */
  readonly pinned?: number
  /** Members with the same word live together. */
  readonly together?: string
  /** They wish to move: they go wherever more of their friends are, if there is a seat. */
  readonly eager?: boolean
  /** Until then, in milliseconds since 1970, they are moved only if there is no other way. */
  readonly coolUntil?: number
}

export type PlannedInstance = {
  readonly ordinal: number
  /** Seats, whoever has them. */
  readonly cap: number
  /** Only an Active one takes people in. The others end empty, if there are seats elsewhere. */
  readonly state: 'Active' | 'Draining' | 'Retired'
  /** Seats that can be had now. Fewer than the cap less the members: the rest is held for people who are signing up. */
  readonly free?: number
}

export type PlanInput = {
  readonly members: readonly PlannedMember[]
  readonly edges: readonly Edge[]
  readonly instances: readonly PlannedInstance[]
  /** Seats of every instance that stay free. Default 0. */
  readonly headroom?: number
  /**
   * What a move costs, in units of friendship: nobody is moved for less. Default: more than all friendship, so that as few
   * as possible are moved, and of these plans the one that keeps most friendship.
   */
  readonly lambda?: number
  /** Another seed finds another plan. Default 1. */
  readonly seed?: number
  /** Milliseconds since 1970, for `coolUntil`. Default 0. */
  readonly now?: number
  /** Effort, some 80 million to a second. Default: what the size of the community deserves, at most a few seconds. */
  readonly work?: number
}

export type PlanRefusalCode =
  | 'bad-number'
  | 'duplicate-instance'
  | 'duplicate-member'
  | 'unknown-instance'
  | 'unknown-member'
  | 'too-few-seats'
  | 'no-headroom'
  | 'pins-exceed-cap'
  | 'pin-to-closing'
  | 'together-pinned-apart'
  | 'together-exceeds-cap'
  | 'together-does-not-fit'
  | 'no-spare-seat'

/** Why there is no plan. */
export type PlanRefusal = {
  readonly kind: 'refusal'
  readonly code: PlanRefusalCode
  /** The field of the input. */
  readonly field: string
  /** What is wrong and the remedy; nothing personal, so that it may stand in a status. */
  readonly message: string
  /** Which member or word it is about. Not for a status, an event or a log. */
  readonly about?: string
  /** The ordinal of the instance that the message names. */
  readonly instance?: number
}

export const refusePlan = (
  code: PlanRefusalCode,
  field: string,
  message: string,
  about?: string,
): PlanRefusal => ({
  kind: 'refusal',
  code,
  field,
  message: `${field}: ${message}`,
  ...(about === undefined ? {} : { about }),
})
