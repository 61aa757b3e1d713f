// Whether an apply would change anything, told for each controller by the fields that it owns; and what holds of what was told.
import type { Instance } from '../api/objects.ts'
import { differs } from '../kube/client/apply.ts'
import type { KubeObject } from '../kube/types.ts'

/** Field managers, one per controller; the status of what each watches is applied under the same name. */
export const COMMUNITY_MANAGER = 'hamlet-community'
export const INSTANCE_MANAGER = 'hamlet-instance'
export const REBALANCE_MANAGER = 'hamlet-rebalance'

export const changed = (live: KubeObject | undefined, desired: KubeObject, manager: string): boolean =>
  live === undefined || differs(desired, live, manager)

/** Is a condition of this instance true, for what it was told last? */
export const holds = ({ metadata, status }: Instance, type: string): boolean =>
  (status.conditions ?? []).some(
    (condition) =>
      condition.type === type &&
      condition.status === 'True' &&
      condition.observedGeneration === metadata.generation,
  )
