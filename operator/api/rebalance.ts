// Rebalance: members move from instance to instance, as numbers. Made by the operator or by hand; people approve it or stop it.
import { z } from 'zod'
import { condition } from './conditions.ts'
import { between, described, immutable } from './rule.ts'
import { MOVES_PER_HOUR } from './seats/limits.ts'

export const rebalanceSpec = described(
  z.object({
    community: described(z.string().min(1).max(40), 'The Community, in the same namespace.', [
      immutable('spec.community', 'a rebalance stays with its community: make another one'),
    ]),
    reason: described(
      z.enum(['Asked', 'Overflow', 'Headroom', 'Draining', 'Wishes', 'Unfinished']).default('Asked'),
      'Why it was made. Asked: somebody made it by hand. It moves whoever has to move for any of the reasons that follow, and whoever wishes to. Overflow: instances have more members than seats. Headroom: an instance has too few free seats. Draining: instances are to be emptied. Wishes: members have wished for some time to move, or to live together. Unfinished: moves that were begun before are ended, and no other is begun.',
      [immutable('spec.reason', 'it says why this one was made: make another one, of another name')],
    ),
    approved: described(
      z.boolean().default(false),
      'Nobody is moved before this is true. Where spec.rebalance.mode of the Community is Auto the operator makes its own with true; those that people make wait for it in any case. One with the reason Unfinished begins nobody, and needs none.',
    ),
    stopped: described(
      z.boolean().default(false),
      'While this is true no move is begun; those under way end, or are undone. False goes on from there.',
    ),
    maxMovesPerHour: described(
      z.int(),
      'Members who are moved within an hour at most. Default: spec.rebalance.maxMovesPerHour of the Community.',
      [
        between(
          'spec.maxMovesPerHour',
          1,
          MOVES_PER_HOUR,
          '; to move nobody for now set spec.stopped to true',
        ),
      ],
    ).optional(),
  }),
  'What is wanted.',
)

/** Whoever wishes to move is moved for that alone, and not only where somebody has to move. */
export const heedsWishes = (reason: z.output<typeof rebalanceSpec>['reason']): boolean =>
  reason === 'Asked' || reason === 'Wishes'

const count = (description: string) => described(z.int().optional(), description)
const percent = (description: string) => described(z.int().min(0).max(100).optional(), description)

export const rebalancePhases = ['Waiting', 'Proposed', 'Approved', 'Moving', 'Done', 'Stopped'] as const

export const rebalanceStatus = described(
  z.object({
    observedGeneration: count('The metadata.generation that was last worked on.'),
    phase: described(
      z.enum(rebalancePhases).optional(),
      'How far it is. Waiting: another Rebalance of the community comes first. Proposed: it waits for spec.approved. Approved: it has not moved anybody yet. Moving: it has begun, or ends what was begun before. Stopped: spec.stopped is true. Done: nobody has to move any more; whatever comes after is for another one.',
    ),
    planned: count('Members who move in all, as planned now.'),
    moved: count('Members who have moved.'),
    failed: count('Moves that were undone. Their members are where they were.'),
    left: count('Members who are still to move.'),
    friendsKeptBefore: percent('Of all friendship in the community, the percentage within instances before.'),
    friendsKeptAfter: percent('The same after the last move, as planned now.'),
    seats: described(
      z
        .array(
          z.object({
            instance: described(z.string(), 'The Instance.'),
            cap: described(z.int(), 'Seats, as the directory enforces them now.'),
            from: described(z.int(), 'Members before.'),
            now: described(z.int(), 'Members now.'),
            to: described(z.int(), 'Members after the last move.'),
          }),
        )
        .optional(),
      'Instance by instance.',
    ),
    conditions: described(z.array(condition).optional(), 'What is and what is not, and why.'),
  }),
  'What is. Numbers only: who moves is in no object.',
)

export const rebalanceConditions = ['Ready', 'Planned', 'Progressing'] as const
export type RebalanceCondition = (typeof rebalanceConditions)[number]
