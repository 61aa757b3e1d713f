// The CustomResourceDefinitions, made from the schemas: structural, with CEL rules, defaults and columns.
import { z } from 'zod'
import { communityNameRules, communitySpec, communityStatus } from '../community.ts'
import { instanceNameRules, instanceSpec, instanceStatus } from '../instance.ts'
import { API_VERSION, GROUP } from '../objects.ts'
import { rebalanceSpec, rebalanceStatus } from '../rebalance.ts'

type Json = { [key: string]: unknown }
type Column = { name: string; type: string; jsonPath: string; description?: string; priority?: number }

const condition = (type: string, field = 'status') => `.status.conditions[?(@.type=="${type}")].${field}`
const ready: Column = {
  name: 'Ready',
  type: 'string',
  jsonPath: condition('Ready'),
  description: 'Whether all is as the spec wants it.',
}
const age: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }
const why: Column = { name: 'Reason', type: 'string', jsonPath: condition('Ready', 'reason') }
const reason: Column = { ...why, priority: 1 }

/** The definition of Community, as plain JSON. */
export const communityDefinition = (): Json =>
  definition({
    kind: 'Community',
    plural: 'communities',
    singular: 'community',
    shortNames: ['com'],
    description:
      'Community is a domain, its people and its rules. From outside it is one ActivityPub server.',
    nameRules: communityNameRules,
    spec: communitySpec,
    status: communityStatus,
    columns: [
      { name: 'Domain', type: 'string', jsonPath: '.spec.domain' },
      { name: 'Members', type: 'integer', jsonPath: '.status.members' },
      { name: 'Free', type: 'integer', jsonPath: '.status.free', description: 'Seats that nobody has.' },
      { name: 'Instances', type: 'integer', jsonPath: '.status.instances' },
      ready,
      reason,
      { name: 'URL', type: 'string', jsonPath: '.status.url', priority: 1 },
      age,
    ],
  })

/** The definition of Instance, as plain JSON. */
export const instanceDefinition = (): Json =>
  definition({
    kind: 'Instance',
    plural: 'instances',
    singular: 'instance',
    shortNames: ['inst'],
    description:
      'Instance is one home of a community: a pod, a database and at most 300 members. The operator writes it; people change the Community.',
    nameRules: instanceNameRules,
    spec: instanceSpec,
    status: instanceStatus,
    columns: [
      { name: 'Community', type: 'string', jsonPath: '.spec.community' },
      { name: 'Members', type: 'integer', jsonPath: '.status.members' },
      { name: 'Cap', type: 'integer', jsonPath: '.status.cap' },
      { name: 'State', type: 'string', jsonPath: '.spec.state' },
      ready,
      reason,
      { name: 'Image', type: 'string', jsonPath: '.spec.image', priority: 1 },
      age,
    ],
  })

/** The definition of Rebalance, as plain JSON. */
export const rebalanceDefinition = (): Json =>
  definition({
    kind: 'Rebalance',
    plural: 'rebalances',
    singular: 'rebalance',
    shortNames: ['reb'],
    description:
      'Rebalance is a plan of moves from instance to instance of a community, and how far it is. The operator makes one when a community needs it, and people may make their own; people approve or stop them.',
    nameRules: [],
    spec: rebalanceSpec,
    status: rebalanceStatus,
    columns: [
      { name: 'Community', type: 'string', jsonPath: '.spec.community' },
      { name: 'Why', type: 'string', jsonPath: '.spec.reason', description: 'Why it was made.' },
      { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'How far it is.' },
      {
        name: 'Planned',
        type: 'integer',
        jsonPath: '.status.planned',
        description: 'Members who move in all.',
      },
      { name: 'Moved', type: 'integer', jsonPath: '.status.moved', description: 'Members who have moved.' },
      {
        name: 'Left',
        type: 'integer',
        jsonPath: '.status.left',
        description: 'Members who are still to move.',
      },
      {
        name: 'Friends kept',
        type: 'integer',
        jsonPath: '.status.friendsKeptAfter',
        description: 'The percentage of friendship within instances after it.',
      },
      {
        name: 'Failed',
        type: 'integer',
        jsonPath: '.status.failed',
        priority: 1,
        description: 'Moves that were undone.',
      },
      { ...why, description: 'Why no more of it is done now: ApprovalMissing, say.' },
      age,
    ],
  })

/** All of them. */
export const allDefinitions = (): Json[] => [
  communityDefinition(),
  instanceDefinition(),
  rebalanceDefinition(),
]

function definition(of: {
  kind: string
  plural: string
  singular: string
  shortNames: string[]
  description: string
  nameRules: readonly { cel: string; message: string }[]
  spec: z.ZodType
  status: z.ZodType
  columns: Column[]
}): Json {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${of.plural}.${GROUP}`,
      labels: { 'app.kubernetes.io/name': 'hamlet' },
      // Deleting the definition deletes every Community: an uninstalled chart must leave it.
      annotations: { 'helm.sh/resource-policy': 'keep' },
    },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: of.kind,
        listKind: `${of.kind}List`,
        plural: of.plural,
        singular: of.singular,
        shortNames: of.shortNames,
        categories: ['hamlet'],
      },
      versions: [
        {
          name: API_VERSION.slice(GROUP.length + 1),
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: of.columns,
          schema: {
            openAPIV3Schema: {
              description: of.description,
              type: 'object',
              required: ['spec'],
              ...(of.nameRules.length > 0 && {
                'x-kubernetes-validations': of.nameRules.map(({ cel, message }) => ({ rule: cel, message })),
              }),
              properties: {
                apiVersion: { type: 'string', description: 'The version of this schema.' },
                kind: { type: 'string', description: 'The kind of the object.' },
                metadata: { type: 'object' },
                spec: structural(of.spec),
                status: structural(of.status),
              },
            },
          },
        },
      ],
    },
  }
}

/** zod → the subset of OpenAPI v3 that the API server takes. */
function structural(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'openapi-3.0',
    override: ({ jsonSchema }) => {
      const node = jsonSchema as Json
      if (node['x-kubernetes-int-or-string']) delete node.anyOf
      if (node.type === 'integer') {
        node.format = 'int64'
        // zod writes the limits of a JavaScript number; ours are CEL rules, which carry our message.
        if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum
        if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum
      }
      // zod's pattern for times is long and refuses what the API server's own format takes.
      if (node.format === 'date-time') delete node.pattern
      // `kubectl explain` shows descriptions, but no defaults.
      const { default: value, description } = node
      const tellable =
        typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value)
      if (tellable && description) node.description = `${description} Default: ${value}.`
      // Rules are also run on a default, before the defaults inside it are filled in: it must be whole.
      if (node.type === 'object' && node.default !== undefined) node.default = wholeDefault(node)
      if (node.type === 'array' && isCondition(node.items)) {
        node['x-kubernetes-list-type'] = 'map'
        node['x-kubernetes-list-map-keys'] = ['type']
      }
    },
  }) as Json
}

function wholeDefault(node: Json): Json {
  const fields = Object.entries(Object(node.properties) as { [name: string]: Json })
  return Object.fromEntries(
    fields
      .filter(([, field]) => field.default !== undefined)
      .map(([name, field]) => [name, field.type === 'object' ? wholeDefault(field) : field.default]),
  )
}

const isCondition = (items: unknown): boolean =>
  typeof items === 'object' &&
  items !== null &&
  'properties' in items &&
  'lastTransitionTime' in Object(items.properties)
