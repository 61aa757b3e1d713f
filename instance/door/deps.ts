// What the door uses of an instance.
import type { Homes } from '../directory/homes.ts'
import type { Instance } from '../instance.ts'
import type { Metrics } from '../siblings/port/metrics.ts'
import type { Subject } from './route.ts'

export type DoorInstance = Pick<Instance, 'siblings' | 'log'> & {
  readonly config: Pick<Instance['config'], 'ordinal' | 'domain'>
  readonly homes: Pick<Homes, 'byHandle' | 'byId' | 'instances' | 'refresh' | 'freshByHandle' | 'freshById'>
}

/** Asked before a request is served here, for somebody who may just be leaving or arriving. */
export type Gate = (
  subject: Subject,
  writes: boolean,
) => Promise<'here' | 'elsewhere' | 'undecided' | 'unknown'>

/** Whether somebody who was served here, and whom the directory knows, is here. */
export type IsHere = (subject: Subject) => Promise<boolean>

export type DoorDeps = DoorInstance & {
  readonly metrics: Metrics
  readonly gate?: Gate | undefined
  readonly isHere?: IsHere | undefined
}
