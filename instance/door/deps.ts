// What the door uses of an instance.
import type { Homes } from '../directory/homes.ts'
import type { Instance } from '../instance.ts'
import type { Metrics } from '../siblings/metrics.ts'

export type DoorInstance = Pick<Instance, 'siblings' | 'log'> & {
  readonly config: Pick<Instance['config'], 'ordinal' | 'domain'>
  readonly homes: Pick<Homes, 'byHandle' | 'byId' | 'instances' | 'refresh' | 'freshByHandle' | 'freshById'>
}

export type DoorDeps = DoorInstance & { readonly metrics: Metrics }
