// The claim: who has a domain, where its data is, and which ordinals were given. It outlives the Community.
import { createHash } from 'node:crypto'
import type { KubeObject } from '../../kube/types.ts'
import { appLabels } from '../owned.ts'

export type Claim = {
  readonly name: string
  readonly resourceVersion: string
  readonly uid: string
  readonly domain: string
  readonly owner: { readonly namespace: string; readonly name: string; readonly uid: string }
  /** Random: a guess at another community's databases finds nothing. */
  readonly prefix: string
  /** Of the PostgreSQL that has the data; empty until it was reached. */
  readonly systemIdentifier: string
  readonly nextOrdinal: number
  /** Databases that were made and marked as ours: `directory` or an ordinal. They are never made again. */
  readonly made: ReadonlySet<string>
  /** Ordinals that were emptied for good: nobody asks their databases, which may be gone. */
  readonly retired: ReadonlySet<number>
}

export const claimName = (domain: string): string =>
  `claim-${createHash('sha256').update(domain).digest('hex').slice(0, 40)}`

/** The data key that says that a database was made. */
export const madeKey = (database: string): string => `made-${database}`

/** The data key that says that an instance was emptied for good, also to a directory that was restored to before. */
export const retiredKey = (ordinal: number): string => `retired-${ordinal}`

export function buildClaim(
  namespace: string,
  wish: Pick<Claim, 'domain' | 'owner' | 'prefix' | 'systemIdentifier'>,
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: claimName(wish.domain),
      namespace,
      labels: { ...appLabels, 'app.kubernetes.io/component': 'claim' },
    },
    data: {
      domain: wish.domain,
      'owner-namespace': wish.owner.namespace,
      'owner-name': wish.owner.name,
      'owner-uid': wish.owner.uid,
      prefix: wish.prefix,
      'system-identifier': wish.systemIdentifier,
      'next-ordinal': '1',
    },
  }
}

/** Throws for a ConfigMap that was changed by hand so that it cannot be read: guessing could lose data. */
export function readClaim(object: KubeObject): Claim {
  const data = Object(object.data) as Record<string, unknown>
  const text = (key: string): string => {
    const value = data[key]
    if (typeof value !== 'string')
      throw new Error(`ConfigMap ${object.metadata.name} lacks ${key}: put back what was there`)
    return value
  }
  const nextOrdinal = Number(text('next-ordinal'))
  if (!Number.isInteger(nextOrdinal) || nextOrdinal < 1)
    throw new Error(`ConfigMap ${object.metadata.name}: next-ordinal must be a whole number from 1`)
  return {
    name: object.metadata.name,
    resourceVersion: object.metadata.resourceVersion ?? '',
    uid: object.metadata.uid ?? '',
    domain: text('domain'),
    owner: { namespace: text('owner-namespace'), name: text('owner-name'), uid: text('owner-uid') },
    prefix: text('prefix'),
    systemIdentifier: text('system-identifier'),
    nextOrdinal,
    made: new Set(named(data, 'made-')),
    retired: new Set(named(data, 'retired-').map(Number)),
  }
}

/** Instances that have a database: those that were made, and not emptied for good. */
export const ordinalsOf = ({ made, retired }: Pick<Claim, 'made' | 'retired'>): number[] =>
  [...made]
    .map(Number)
    .filter((ordinal) => ordinal > 0 && !retired.has(ordinal))
    .sort((a, b) => a - b)

/** What follows `prefix` in the keys that begin with it. */
const named = (data: Record<string, unknown>, prefix: string): string[] =>
  Object.keys(data)
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length))
