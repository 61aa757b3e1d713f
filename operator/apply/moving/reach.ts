// The operator's way to the internal ports of a community's instances, with the community's own key.
import type { InternalCall } from '../../../instance/move/calls.ts'
import { makeSiblings } from '../../../instance/siblings/client.ts'
import { parseKeys } from '../../../instance/siblings/keys.ts'

export type Reached = { readonly call: InternalCall; close(): Promise<void> }

/** `key`: the text of the community's internal-key. Whoever reaches closes. */
export type Reach = (
  instances: readonly { readonly ordinal: number; readonly address: string }[],
  key: string,
) => Reached

/** No instance has this ordinal: it is the operator who calls. */
const OPERATOR = 0

export const reachInstances: Reach = (instances, key) => {
  const [current = ''] = parseKeys(key)
  const siblings = makeSiblings({
    ordinal: OPERATOR,
    keys: { current: () => current, accepts: () => false },
    instances: () => instances,
  })
  return { call: siblings.call, close: siblings.close }
}
