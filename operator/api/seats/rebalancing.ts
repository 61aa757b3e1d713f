// spec.rebalance and spec.drain of a Community: when members move, and which instances they leave.
import { z } from 'zod'
import { between, described } from '../rule.ts'
import { KEPT_DAYS, LAST_ORDINAL, MOVES_PER_HOUR } from './limits.ts'

export const rebalance = described(
  z.object({
    mode: described(
      z.enum(['Auto', 'Manual', 'Off']).default('Auto'),
      'Auto: members move to another instance when theirs has more of them than seats, or less headroom than wished for. Manual: the same, once somebody set spec.approved of the Rebalance to true. Off: nobody is moved but by a Rebalance that somebody makes.',
    ),
    headroomPercent: described(
      z.int().default(0),
      'When an instance has less than half of this percentage of its seats free and others have more, members move until it has all of it.',
      [between('spec.rebalance.headroomPercent', 0, 50)],
    ),
    maxMovesPerHour: described(z.int().default(60), 'Members who are moved within an hour at most.', [
      between(
        'spec.rebalance.maxMovesPerHour',
        1,
        MOVES_PER_HOUR,
        '; to move nobody set spec.rebalance.mode to Off',
      ),
    ]),
    shrinkAfterDays: described(
      z.int().default(30),
      'Auto only: when all members would have fitted into fewer instances for so many days without a break, with twice seats.minFree and the headroom to spare, the instance with the fewest of them is emptied. 0: never.',
      [between('spec.rebalance.shrinkAfterDays', 0, 365, '; 0 is never')],
    ),
    retireAfterDays: described(
      z.int().default(KEPT_DAYS),
      'An instance that was emptied lives on for so many days after the last member left it: it has their rows, in case that another database has to be restored to a time before they came. 0: it goes at once.',
      [
        between(
          'spec.rebalance.retireAfterDays',
          0,
          KEPT_DAYS,
          ': no instance keeps the rows of members who left for longer',
        ),
      ],
    ),
  }),
  'When members move from instance to instance. Nobody outside notices.',
)

export const drain = described(
  z
    .array(
      described(z.int(), 'The ordinal of an instance: 2 for <name>-2.', [
        between('spec.drain[]', 1, LAST_ORDINAL, ': the number at the end of the name of an Instance'),
      ]),
    )
    .max(LAST_ORDINAL)
    .default([])
    .meta({ 'x-kubernetes-list-type': 'set' }),
  'Instances to be emptied and then deleted, by their ordinals. They take nobody in, their members move to the others, and when nobody lives there and nothing is left to deliver they go. Whoever is taken out of this list before that takes people in again.',
)
