// Community: a domain, its people and its rules. What an organiser asks for.
import { z } from 'zod'
import { condition } from './conditions.ts'
import { between, described, immutable } from './rule.ts'
import { drain, rebalance } from './seats/rebalancing.ts'
import { seats } from './seats/seats.ts'

const DOMAIN = '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$'
const LABEL = '^[a-z]([a-z0-9-]*[a-z0-9])?$'

const limits = described(
  z.object({
    signUpsPerHour: described(z.int().default(30), 'Sign-ups per hour from one client address.', [
      between('spec.limits.signUpsPerHour', 1, 100_000, '; to let nobody in set spec.registration to Closed'),
    ]),
    logInsPerHour: described(z.int().default(60), 'Log-in attempts per hour from one client address.', [
      between('spec.limits.logInsPerHour', 1, 100_000),
    ]),
    postsPerHour: described(z.int().default(300), 'Posts per hour by one member.', [
      between('spec.limits.postsPerHour', 1, 100_000),
    ]),
  }),
  'Rate limits.',
)

const secretName = z.string().min(1).max(253)

const database = described(
  z.object({
    mode: described(
      z.enum(['Shared', 'External']).default('Shared'),
      'Shared: the PostgreSQL that the operator was installed with. External: the one that secretName tells of.',
    ),
    secretName: described(
      secretName.optional(),
      'External only: a Secret in this namespace with the keys host, port, username and password (optional: database, sslmode, ca.crt) of a role that may CREATEDB and CREATEROLE.',
    ),
  }),
  'Where the data is.',
  [
    {
      cel: "self.mode != 'External' || has(self.secretName)",
      message:
        'spec.database.secretName is needed with mode External: name a Secret in this namespace with host, port, username and password',
      check: ({ mode, secretName }) => mode !== 'External' || secretName !== undefined,
    },
    {
      cel: "self.mode != 'Shared' || !has(self.secretName)",
      message:
        'spec.database.secretName is only for mode External: set mode to External, or remove secretName',
      check: ({ mode, secretName }) => mode !== 'Shared' || secretName === undefined,
    },
  ],
)

const tls = described(
  z.object({
    mode: described(
      z.enum(['CA', 'CertManager', 'Secret', 'None']).default('CA'),
      "CA: a certificate signed by the operator's CA. CertManager: one from the issuer. Secret: yours, in secretName. None: something before the ingress does TLS.",
    ),
    secretName: described(
      secretName.optional(),
      'Secret only: a kubernetes.io/tls Secret in this namespace. You keep it up to date.',
    ),
    issuer: described(
      z
        .object({
          name: described(z.string().min(1).max(253), 'The name of the issuer.'),
          kind: described(
            z.enum(['Issuer', 'ClusterIssuer']).default('ClusterIssuer'),
            'The kind of the issuer.',
          ),
        })
        .optional(),
      'CertManager only: the cert-manager issuer.',
    ),
  }),
  'The certificate of the domain.',
  [
    {
      cel: "(self.mode == 'Secret') == has(self.secretName)",
      message:
        'spec.ingress.tls.secretName goes with mode Secret, and only with it: name your kubernetes.io/tls Secret, or remove secretName',
      check: ({ mode, secretName }) => (mode === 'Secret') === (secretName !== undefined),
    },
    {
      cel: "(self.mode == 'CertManager') == has(self.issuer)",
      message:
        'spec.ingress.tls.issuer goes with mode CertManager, and only with it: set issuer.name to your cert-manager issuer, or remove issuer',
      check: ({ mode, issuer }) => (mode === 'CertManager') === (issuer !== undefined),
    },
  ],
)

const ingress = described(
  z.object({
    className: described(
      z.string().min(1).max(253).optional(),
      "The IngressClass. Default: the operator's setting, or else the cluster's default class.",
    ),
    annotations: described(
      z.record(z.string(), z.string()).default({}),
      "Annotations for the Ingress, such as your ingress controller's settings.",
    ),
    tls: tls.prefault({}),
  }),
  'How the domain is reached.',
)

const quantity = z.union([z.int(), z.string().max(32)]).meta({ 'x-kubernetes-int-or-string': true })

const resources = described(
  z.object({
    requests: described(
      z.object({
        cpu: described(quantity.default('25m'), 'Processor time, such as 100m.'),
        memory: described(quantity.default('192Mi'), 'Memory, such as 192Mi.'),
      }),
      'What each instance is sure to get.',
    ).prefault({}),
    limits: described(
      z.object({
        cpu: described(quantity.optional(), 'Processor time, such as 2. Default: no limit.'),
        memory: described(quantity.default('512Mi'), 'Memory, such as 512Mi.'),
      }),
      'What each instance gets at most.',
    ).prefault({}),
  }),
  "Each instance's share of a node.",
)

export const communitySpec = described(
  z.object({
    domain: described(
      z.string().max(253),
      'The domain, such as garden.example. It is part of every address of every member, so it never changes.',
      [
        {
          cel: `self.matches('${DOMAIN}')`,
          message:
            'spec.domain must be a lower-case DNS name with at least one dot, such as garden.example: leave out https://, the port and any path',
          check: (value) => new RegExp(DOMAIN).test(value),
        },
        immutable(
          'spec.domain',
          "it is part of every member's address; put back the old one, and create another Community for the new domain",
        ),
      ],
    ),
    title: described(z.string().max(100).optional(), 'The name that people see. Default: the domain.'),
    description: described(
      z.string().max(5000).default(''),
      'What the community is about, for its front page.',
    ),
    seats: seats.prefault({}),
    rebalance: rebalance.prefault({}),
    drain,
    registration: described(
      z.enum(['Open', 'Invite', 'Closed']).default('Open'),
      'Who may sign up. Open: anyone. Invite: whoever has an invitation of a member. Closed: nobody.',
    ),
    limits: limits.prefault({}),
    database: database.prefault({}),
    ingress: ingress.prefault({}),
    resources: resources.prefault({}),
    deletionPolicy: described(
      z.enum(['Retain', 'Delete']).default('Retain'),
      'What happens to the data when the Community is deleted. Delete also needs the annotation hamlet.coop/confirm-delete with the domain as its value.',
    ),
    paused: described(
      z.boolean().default(false),
      'The operator changes nothing while this is true; the instances go on serving.',
    ),
  }),
  'What is wanted.',
)

const count = (description: string) => described(z.int().optional(), description)

export const communityStatus = described(
  z.object({
    observedGeneration: count('The metadata.generation that was last worked on.'),
    members: count('People with an account, as last counted.'),
    seats: count('Seats on all instances that take members.'),
    free: count('Seats that nobody has.'),
    instances: count('Instances that are not retired.'),
    waiting: count('People who wait for a seat.'),
    draining: count('Members who live in instances that are being emptied.'),
    overflow: count(
      'Members that instances have more than seats. They stay until there is a seat elsewhere.',
    ),
    url: described(z.string().optional(), 'Where the community is.'),
    conditions: described(z.array(condition).optional(), 'What is and what is not, and why.'),
  }),
  'What is.',
)

/** Checked on the whole object: `self.metadata.name` is known only there. */
export const communityNameRules = [
  {
    cel: `self.metadata.name.size() <= 40 && self.metadata.name.matches('${LABEL}')`,
    message:
      'metadata.name must be at most 40 lower-case letters, digits and dashes, beginning with a letter and ending with a letter or a digit: choose another name',
    check: (name: string) => name.length <= 40 && new RegExp(LABEL).test(name),
  },
  {
    cel: "!self.metadata.name.matches('-[0-9]+$')",
    message:
      'metadata.name must not end in a dash and digits, since instances are named so: choose a name such as garden or garden-a',
    check: (name: string) => !/-[0-9]+$/.test(name),
  },
]

export const communityConditions = [
  'Ready',
  'Available',
  'Progressing',
  'Degraded',
  'SeatsAvailable',
  'Certified',
  'MembersKnown',
  'Balanced',
  'Drained',
  'Compact',
] as const
export type CommunityCondition = (typeof communityConditions)[number]
