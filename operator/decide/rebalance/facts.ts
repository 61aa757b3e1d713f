// What a decision on a Rebalance may rest on, as plain data. Members are ids here and nothing else; none leaves memory.
import type { Community, Instance, Rebalance } from '../../api/objects.ts'
import type { DirectoryInstance, Refusal } from '../snapshot.ts'

/** A home that has not done its part of a move, at one step of it. */
export type TroubleFacts = {
  readonly step: string
  readonly ordinal: number
  /** What it was asked for. */
  readonly verb: string
  /** An HTTP status, or the code of a refusal; null: it gave no answer. */
  readonly answer: string | null
  /** Of the first call that led nowhere; milliseconds since 1970. */
  readonly since: number
  readonly tries: number
}

export type OpenMove = {
  readonly id: string
  readonly memberId: string
  readonly source: number
  readonly target: number
  readonly step: string
  /** Whether this Rebalance began it. */
  readonly mine: boolean
  /** What keeps it at its step; null: nothing that was noted. */
  readonly trouble: TroubleFacts | null
}

export type MemberFacts = {
  readonly id: string
  readonly home: number
  readonly role: string
  /** Milliseconds since 1970; null: never. */
  readonly movedAt: number | null
  /** How often this Rebalance tried and had to undo it. */
  readonly undone: number
  /** Of these, how often a home had not done its part for as long as that is waited for. */
  readonly unanswered: number
}

/** Of the directory. Times in milliseconds since 1970, by its own clock. */
export type MovesFacts = {
  /** Whose directory it is. */
  readonly domain: string
  readonly incarnation: number
  /** A number too large for JavaScript, perhaps. */
  readonly revision: string
  readonly now: number
  readonly instances: readonly Omit<
    DirectoryInstance,
    'createdAt' | 'leaving' | 'drainedFor' | 'stateSince' | 'movedAt' | 'used'
  >[]
  /** All who are active. */
  readonly members: readonly MemberFacts[]
  readonly open: readonly OpenMove[]
  /** Moves of this Rebalance that were made, and that were undone. */
  readonly done: number
  readonly undone: number
  /** Why the last one was undone of those that a home had not done its part of; null: there was none. */
  readonly failure: TroubleFacts | null
  /** When the moves of the last hour were begun, whichever Rebalance began them. */
  readonly begun: readonly number[]
}

/** What one member did towards another. */
export type TieFacts = {
  readonly from: string
  readonly to: string
  readonly follows: boolean
  readonly replies: number
  readonly boosts: number
  readonly likes: number
}

/** What one member wishes about where they live. */
export type WishFacts = {
  /** To stay, or because of their role. */
  readonly pinned: boolean
  readonly wantsMove: boolean
  /** Members who wish to live with them, as they do. */
  readonly together: readonly string[]
}

/** A plan that is being followed: `started` moves of its order were begun. */
export type FollowedPlan = {
  /** Of what it was made for: another cap, say, needs another plan. */
  readonly madeFor: string
  readonly order: readonly { readonly member: string; readonly from: number; readonly to: number }[]
  readonly started: number
  /** Percent of friendship within instances when it was made, and at its end. */
  readonly keptBefore: number
  readonly keptAfter: number
  /** Members of each instance when it was made, and at its end. */
  readonly before: ReadonlyMap<number, number>
  readonly after: ReadonlyMap<number, number>
}

export type PlanState =
  | { readonly is: 'none' }
  /** Not all homes gave an answer. */
  | { readonly is: 'unanswered'; readonly ordinal: number }
  | { readonly is: 'refused'; readonly madeFor: string; readonly message: string }
  | { readonly is: 'made'; readonly plan: FollowedPlan }

export type RebalanceSnapshot = {
  readonly rebalance: Rebalance
  readonly community: Community
  readonly instances: readonly Instance[]
  readonly moves:
    | { readonly ok: true; readonly facts: MovesFacts }
    | { readonly ok: false; readonly refusal: Refusal }
  /** The directory is older than one that was seen before. */
  readonly regressed: boolean
  /** Instances whose pods are being replaced, or are to be as soon as they may. */
  readonly replaced: ReadonlyMap<number, 'now' | 'soon'>
  /** Moves that this process walks at this moment. */
  readonly running: ReadonlySet<string>
  /** Moves that went no further, and when they are to be walked on: milliseconds from now. */
  readonly resting: ReadonlyMap<string, number>
  readonly plan: PlanState
  /** From 0 to 1. */
  readonly jitter: number
}
