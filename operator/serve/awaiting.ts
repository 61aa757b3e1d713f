// Rebalances that somebody has to approve or refuse, for whoever watches numbers.
import { Gauge, type Registry } from 'prom-client'

/** Takes note of how many of a Community wait; undefined: the Community is gone. */
export type NoteAwaiting = (
  community: { readonly namespace?: string | undefined; readonly name: string },
  many: number | undefined,
) => void

/** `hamlet_rebalances_awaiting_approval`: the condition Balanced says how to approve or refuse it. */
export function createAwaiting(registry: Registry): NoteAwaiting {
  const gauge = new Gauge({
    name: 'hamlet_rebalances_awaiting_approval',
    help: 'Rebalances of a Community whose plan waits until somebody approves or refuses it.',
    labelNames: ['namespace', 'community'],
    registers: [registry],
  })
  return ({ namespace = '', name }, many) => {
    const labels = { namespace, community: name }
    if (many === undefined) gauge.remove(labels)
    else gauge.set(labels, many)
  }
}
