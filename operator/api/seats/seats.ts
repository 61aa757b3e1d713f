// spec.seats of a Community.
import { z } from 'zod'
import { between, described } from '../rule.ts'
import { CAP } from './limits.ts'

export const seats = described(
  z.object({
    perInstance: described(z.int().default(CAP), 'Members per instance at most.', [
      between(
        'spec.seats.perInstance',
        1,
        CAP,
        '; a larger community gets more instances (spec.seats.maxInstances)',
      ),
    ]),
    minFree: described(
      z.int(),
      'Another instance is opened when fewer seats than this are free. Default: a tenth of perInstance, at least 1.',
      [between('spec.seats.minFree', 1, CAP)],
    ).optional(),
    maxInstances: described(
      z.int().default(3),
      'Instances at most. When all are full, people who sign up wait on a list.',
      [between('spec.seats.maxInstances', 1, 100)],
    ),
    minutesBetweenInstances: described(
      z.int().default(10),
      'Minutes that pass between the opening of two instances, so that a flood of sign-ups cannot fill a cluster.',
      [between('spec.seats.minutesBetweenInstances', 0, 1440)],
    ),
  }),
  'How many people fit, and when an instance is added.',
  [
    {
      cel: '!has(self.minFree) || self.minFree <= self.perInstance',
      message:
        'spec.seats.minFree must not be more than spec.seats.perInstance: lower minFree, or leave it out for a tenth of perInstance',
      check: ({ minFree, perInstance }) => minFree === undefined || minFree <= perInstance,
    },
  ],
)
