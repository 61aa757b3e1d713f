// Whether an apply would change anything, told for each controller by the fields that it owns.
import { differs } from '../kube/client/apply.ts'
import type { KubeObject } from '../kube/types.ts'

/** Field managers, one per controller; the status of what each watches is applied under the same name. */
export const COMMUNITY_MANAGER = 'hamlet-community'
export const INSTANCE_MANAGER = 'hamlet-instance'
export const REBALANCE_MANAGER = 'hamlet-rebalance'

export const changed = (live: KubeObject | undefined, desired: KubeObject, manager: string): boolean =>
  live === undefined || differs(desired, live, manager)
