// Instance: one home of at most 300 members. Written by the operator only.
import { z } from 'zod'
import { condition } from './conditions.ts'
import { between, described, immutable } from './rule.ts'
import { CAP, LAST_ORDINAL } from './seats/limits.ts'

export const instanceSpec = described(
  z.object({
    community: described(z.string().min(1).max(40), 'The Community, in the same namespace.', [
      immutable('spec.community', 'an instance stays with its community'),
    ]),
    ordinal: described(z.int(), 'The number of the instance in its community; never used again.', [
      between('spec.ordinal', 1, LAST_ORDINAL),
      immutable('spec.ordinal', 'create another Instance for another ordinal'),
    ]),
    state: described(
      z.enum(['Active', 'Draining', 'Retired']).default('Active'),
      'Active: takes members. Draining: takes no more. Retired: empty and stopped for good.',
      [
        {
          cel: "oldSelf != 'Retired' || self == 'Retired'",
          message: 'spec.state cannot be changed from Retired: an ordinal is never used again',
        },
      ],
    ),
    cap: described(
      z.int(),
      'The most members who shall live here. status.cap has what the database enforces: no fewer than live here now.',
      [between('spec.cap', 1, CAP)],
    ),
    image: described(
      z.string().min(1).max(1024),
      'The image that this instance runs. Recorded here so that a new operator restarts no instance.',
    ),
  }),
  'What is wanted. Written by the operator: change the Community instead.',
)

const count = (description: string) => described(z.int().optional(), description)

export const instanceStatus = described(
  z.object({
    observedGeneration: count('The metadata.generation that was last worked on.'),
    members: count('People who live here, as last counted.'),
    cap: count('The most who can live here, as its database enforces it.'),
    conditions: described(z.array(condition).optional(), 'What is and what is not, and why.'),
  }),
  'What is.',
)

const after = 'self.metadata.name.substring(self.spec.community.size() + 1)'

export const instanceNameRules = [
  {
    // Not simply name == community + '-' + string(ordinal): the API server takes a string() for endless and too costly.
    cel: `self.metadata.name.startsWith(self.spec.community + '-') && ${after}.matches('^[1-9][0-9]{0,3}$') && int(${after}) == self.spec.ordinal`,
    message:
      'metadata.name must be <spec.community>-<spec.ordinal>: Instances are created by the operator, for a Community',
  },
]

export const instanceConditions = [
  'DatabaseReady',
  'Migrated',
  'Serving',
  'Accepting',
  'MembersKnown',
  'Drained',
  'Ready',
] as const
export type InstanceCondition = (typeof instanceConditions)[number]
